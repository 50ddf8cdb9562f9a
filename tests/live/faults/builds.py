"""A build while it is disturbed: what a customer reads of it, how it goes on, and what it left at the cloud."""

from collections.abc import Iterator

from cloudpoint import Client
from cloudpoint.generated import types
from tests.live.lab import Lab, awaited

# Cloudpoint says what is wrong within this time of it being visible anywhere in OpenStack's APIs.
TOLD_SECONDS = 60.0
BUILD_SECONDS = 600.0
GONE_SECONDS = 600.0
# Ironic and Nova try a dead BMC for minutes before they say anything.
GIVEN_UP_SECONDS = 900.0
_ENDED = frozenset({"succeeded", "failed", "parked", "undone"})


def left_at(lab: Lab) -> list[str]:
    """What builds left in the customers' projects. Nobody may list all stacks; each has a trust, that ends with it."""
    admin, url = lab.connect("admin"), lab.facts()["auth_url"]
    trusts = admin.session.get(f"{url}/OS-TRUST/trusts").json()["trusts"]
    projects = {project.id for project in admin.identity.projects(domain_id=lab.facts()["domain_id"])}
    servers, ports = admin.compute.servers(all_projects=True), admin.network.ports()
    return [
        *(f"trust {trust['id']}" for trust in trusts if trust["project_id"] in projects),
        *(f"server {server.name}" for server in servers if server.project_id in projects),
        *(f"port {port.name}" for port in ports if port.project_id in projects),
    ]


def take_back(customer: Client, accepted: types.Accepted) -> None:
    """Cancel, undo or delete, whatever the state asks for, until the cluster is gone."""

    def deleted() -> str:
        operation = customer.operations.show(accepted.operation_id)
        for wish in ("cancel", "undo"):
            if wish in operation.allowed:
                getattr(customer.operations, wish)(operation.id)
                break
        cluster = customer.clusters.show(accepted.cluster_id)
        if cluster.state in ("ready", "degraded"):
            customer.clusters.delete(cluster.id)
        return cluster.state

    awaited(deleted, lambda state: state == "deleted", GONE_SECONDS)


def phase_of(customer: Client, operation_id: str) -> str | None:
    """The step that runs now; AssertionError when the operation has ended."""
    operation = customer.operations.show(operation_id)
    assert operation.state not in _ENDED, operation.reason
    return next((step.name for step in operation.steps if step.state == "running"), None)


def told(customer: Client, operation_id: str) -> str:
    """Everything that a customer reads of how the machines are: notes of units, and the reason of a parked build."""
    operation = customer.operations.show(operation_id)
    parts = [part for step in operation.steps for part in (step, *_units(step))]
    reasons = [operation.reason, *(part.reason for part in parts)]
    words = [f"{reason.sentence} {reason.evidence or ''}" for reason in reasons if reason]
    return " | ".join(filter(None, [*(part.note for part in parts), *words]))


def _units(step: types.StepView) -> Iterator[types.UnitView]:
    return (unit for unit in step.units or [] if isinstance(unit, types.UnitView))


def taken(lab: Lab) -> list[str]:
    """Names of the nodes that carry a server, as Ironic says."""
    return [node.name for node in lab.connect("system").baremetal.nodes(details=True) if node.instance_id]


def goes_on(customer: Client, operation_id: str) -> None:
    """Wait until the machines are in service, however often the build asks to be resumed on the way."""

    def phase() -> str | None:
        operation = customer.operations.show(operation_id)
        if operation.state == "parked":
            customer.operations.resume(operation_id)
        done = {step.name for step in operation.steps if step.state == "done"}
        return "create_machines" if "create_machines" in done else operation.state

    awaited(phase, lambda found: found == "create_machines", GIVEN_UP_SECONDS)
