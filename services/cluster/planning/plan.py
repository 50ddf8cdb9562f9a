"""From blueprint, parameters and capacity to a plan."""

import hashlib
from datetime import datetime
from typing import Any

import msgspec

from services.chassis.errors import FieldProblem
from services.cluster.exceptions import InvalidParameters
from services.cluster.planning.fit import fit_of
from services.cluster.planning.host_names import name_problems
from services.cluster.planning.parameters import references_in, resolve_parameters, substitute
from services.contracts.blueprint import WHOLE, BlueprintVersion, ElementUse, RoleNeeds
from services.contracts.cluster import Plan, PlanCheck, PlanElement, PlanRole
from services.contracts.node import CapacityReport

MOST_MACHINES = 10_000
"""Of one role, whatever its blueprint says."""
_MOST_BYTES = 8_000_000
_NOT_HASHED = ("id", "hash", "fit", "created_at")


def make_plan(
    *,
    plan_id: str,
    project_id: str,
    cloud_id: str,
    cluster_name: str,
    blueprint: BlueprintVersion,
    given: dict[str, Any],
    capacity: CapacityReport,
    batch_size: int,
    now: datetime,
) -> Plan:
    """Return the plan of a cluster; raises InvalidParameters with every error at once."""
    parameters = resolve_parameters(blueprint.parameters, given)
    _check_size(blueprint, parameters)
    whole = WHOLE in blueprint.templates
    roles = _roles(blueprint.roles, parameters, cluster_name, batch_size)
    if whole:
        roles = _undivided(roles, batch_size)
    plan = Plan(
        id=plan_id,
        project_id=project_id,
        cloud_id=cloud_id,
        cluster_name=cluster_name,
        blueprint=blueprint.name,
        blueprint_version=blueprint.version,
        blueprint_digest=blueprint.digest,
        blueprint_owner=blueprint.owner,
        parameters=parameters,
        whole=whole,
        roles=roles,
        elements=[_element(use, roles, parameters) for use in blueprint.elements],
        checks=[_check(check, roles) for check in blueprint.checks],
        hash="",
        fit=fit_of(roles, cloud_id, capacity),
        created_at=now,
    )
    return msgspec.structs.replace(plan, hash=plan_hash(plan))


def plan_hash(plan: Plan) -> str:
    """Return the SHA-256 over everything that the plan decides: not its id, fit and time."""
    decided = {key: value for key, value in msgspec.to_builtins(plan).items() if key not in _NOT_HASHED}
    return hashlib.sha256(msgspec.json.encode(decided, order="deterministic")).hexdigest()


def _roles(needs: list[RoleNeeds], parameters: dict[str, Any], cluster: str, batch_size: int) -> list[PlanRole]:
    counts = [substitute(need.count, parameters) for need in needs]
    problems = [problem for need, count in zip(needs, counts, strict=True) for problem in _count_problems(need, count)]
    if problems:
        raise InvalidParameters("The number of machines is not what the blueprint allows.", errors=tuple(problems))
    roles = [_role(need, count, cluster, batch_size) for need, count in zip(needs, counts, strict=True)]
    names = [host for role in roles for host in role.hosts]
    if problems := name_problems(names):
        raise InvalidParameters("The hosts can't be named.", errors=tuple(problems))
    return roles


def _count_problems(need: RoleNeeds, count: Any) -> list[FieldProblem]:
    pointer = f"/parameters/{need.count['parameter']}" if isinstance(need.count, dict) else "/parameters"
    if not isinstance(count, int) or isinstance(count, bool):
        return [FieldProblem(pointer, f"The number of machines of role {need.name} is {count!r}, not a whole number.")]
    if count > MOST_MACHINES:
        return [FieldProblem(pointer, f"Role {need.name} can't have more than {MOST_MACHINES} machines.")]
    if count < need.min_count or (need.max_count is not None and count > need.max_count):
        limit = "any number" if need.max_count is None else str(need.max_count)
        return [FieldProblem(pointer, f"Role {need.name} takes {need.min_count} to {limit} machines, not {count}.")]
    return []


def _check_size(blueprint: BlueprintVersion, parameters: dict[str, Any]) -> None:
    """Refuse parameters that the blueprint would repeat until a plan is larger than anything can hold."""
    sizes = {name: len(msgspec.json.encode(value)) for name, value in parameters.items()}
    used = (name for use in blueprint.elements for name in references_in(use.values))
    if sum(sizes.get(name, 0) for name in used) > _MOST_BYTES:
        problem = FieldProblem("/parameters", f"The plan would hold more than {_MOST_BYTES} bytes of parameters.")
        raise InvalidParameters("The parameters are too large.", errors=(problem,))


def _role(need: RoleNeeds, count: int, cluster: str, batch_size: int) -> PlanRole:
    single = need.max_count == 1
    hosts = [f"{cluster}-{need.name}" if single else f"{cluster}-{need.name}-{n}" for n in range(1, count + 1)]
    return PlanRole(
        name=need.name,
        count=count,
        resource_class=need.resource_class,
        flavor=need.flavor,
        hosts=hosts,
        batches=[hosts[start : start + batch_size] for start in range(0, count, batch_size)],
    )


def _undivided(roles: list[PlanRole], most: int) -> list[PlanRole]:
    """Return roles whose machines are made at once, which are no more than a batch has."""
    total = sum(role.count for role in roles)
    if total > most:
        hint = "Ask for fewer, or write a blueprint with a template for each role: its machines are made in batches."
        problem = FieldProblem("/parameters", f"One template makes at most {most} machines, not {total}.", hint)
        raise InvalidParameters("The blueprint makes all machines at once.", errors=(problem,))
    return [msgspec.structs.replace(role, batches=[role.hosts]) for role in roles]


def _element(use: ElementUse, roles: list[PlanRole], parameters: dict[str, Any]) -> PlanElement:
    return PlanElement(
        name=use.element,
        version=use.version,
        owner=use.owner,
        hosts=[host for role in roles if role.name in use.roles for host in role.hosts],
        values=substitute(use.values, parameters),
        secrets=use.secrets,
        timeout_seconds=use.timeout_seconds,
    )


def _check(check: dict[str, Any], roles: list[PlanRole]) -> PlanCheck:
    """Return a check, told of at the first host: the one of the role that the blueprint names first."""
    hosts = [host for role in roles for host in role.hosts]
    return PlanCheck(name=check["name"], summary=check["summary"], playbook=check["playbook"], hosts=hosts[:1])
