"""Make a plan for a caller: find the blueprint, look at what is free, decide."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import msgspec

from services.chassis.auth.caller import Caller
from services.chassis.errors import FieldProblem, Problem
from services.chassis.ids import new_id
from services.cluster.exceptions import UnknownBlueprint, UnknownCloud
from services.cluster.planning.fit import fit_of
from services.cluster.planning.plan import make_plan
from services.cluster.sagas.deps import Deps
from services.contracts.blueprint import BlueprintVersion
from services.contracts.cluster import Plan


async def plan_cluster(
    deps: Deps,
    caller: Caller,
    *,
    project_id: str,
    name: str,
    blueprint: str,
    version: str | None,
    owner: str | None,
    cloud: str | None,
    parameters: dict[str, Any],
) -> Plan:
    """Return a plan, not yet kept; raises UnknownCloud, UnknownBlueprint or InvalidParameters, each with its place."""
    settings = deps.settings
    cloud_id = cloud or settings.default_cloud
    if cloud_id not in settings.clouds:
        known = ", ".join(sorted(settings.clouds))
        problem = FieldProblem("/cloud", f"There is no cloud named {cloud_id}.", f"There are: {known}.")
        raise UnknownCloud("The cloud is not known.", errors=(problem,))
    found = await _blueprint(deps, caller, project_id, blueprint, version, owner)
    capacity = await deps.nodes.capacity(caller)
    plan = await asyncio.to_thread(
        make_plan,
        plan_id=new_id("pln"),
        project_id=project_id,
        cloud_id=cloud_id,
        cluster_name=name,
        blueprint=found,
        given=parameters,
        capacity=capacity,
        batch_size=settings.batch_size,
        now=datetime.now(UTC),
    )
    return plan if plan.fit.fits else await fitted_now(deps, caller, plan)


async def fitted_now(deps: Deps, caller: Caller, plan: Plan) -> Plan:
    """Return a plan with its fit as of now; what it decides stays. Nobody is refused for a look of some seconds ago."""
    capacity = await deps.nodes.capacity(caller, fresh=True)
    return msgspec.structs.replace(plan, fit=fit_of(plan.roles, plan.cloud_id, capacity))


async def _blueprint(
    deps: Deps, caller: Caller, project_id: str, name: str, version: str | None, owner: str | None
) -> BlueprintVersion:
    try:
        return await deps.blueprints.find(name, version, owner, project_id, caller)
    except Problem as problem:
        if problem.slug == "ambiguous-name":
            place = FieldProblem("/blueprint_owner", problem.detail, "Name one of them.")
            raise UnknownBlueprint("It can't be told which blueprint is meant.", errors=(place,)) from problem
        if problem.status != 404:
            raise
        wanted = f"{name} {version}" if version else name
        place = FieldProblem("/blueprint", f"There is no blueprint {wanted}.", "See: cloudpoint blueprint list.")
        raise UnknownBlueprint("The blueprint is not known.", errors=(place,)) from problem
