"""Parts of the real OpenStack fail in mid-build: Cloudpoint says what is wrong, goes on, and leaves nothing."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudpoint import Client
from cloudpoint.generated import types
from services.cluster.domain.placement import PATIENCE_SECONDS
from tests.live.lab import CLOUD, Lab, awaited

pytestmark = [pytest.mark.machines, pytest.mark.slow]
# Cloudpoint says what is wrong within this time of it being visible anywhere in OpenStack's APIs.
TOLD_SECONDS = 60.0
BUILD_SECONDS = 600.0
GONE_SECONDS = 600.0
# Ironic and Nova try a dead BMC for minutes before they say anything.
GIVEN_UP_SECONDS = 900.0
ENDED = frozenset({"succeeded", "failed", "parked", "undone"})


@pytest.fixture(scope="module")
def parameters(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Two hosts, one user."""
    key = tmp_path_factory.mktemp("key") / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True, timeout=10)
    public = Path(f"{key}.pub").read_text().strip()
    return {"compute_count": 1, "users": [{"name": "alice", "ssh_keys": [public]}]}


@pytest.fixture
def build(lab: Lab, customer: Client, operator: Client, parameters: dict[str, object]) -> Iterator[str]:
    """A build whose servers are being made; taken back after the test, with every machine free and no stack left."""
    project = next(iter(customer.projects.list()))
    name = f"fault-{int(time.time()) % 100000}"
    accepted = customer.clusters.create(project.id, name, blueprint="mpi", parameters=parameters)
    awaited(lambda: phase_of(customer, accepted.operation_id), lambda phase: phase == "create_machines", BUILD_SECONDS)
    yield accepted.operation_id
    take_back(customer, accepted)
    awaited(lambda: {node.state for node in operator.nodes.list()}, lambda found: found == {"available"}, GONE_SECONDS)
    assert left_at(lab) == []


def left_at(lab: Lab) -> list[str]:
    """What a build left at the cloud. Nobody may list all stacks; each has a trust, that ends with it."""
    admin = lab.connect("admin")
    trusts = admin.session.get(f"{lab.facts()['auth_url']}/OS-TRUST/trusts").json()["trusts"]
    servers, ports = admin.compute.servers(all_projects=True), admin.network.ports()
    return [
        *(f"trust {trust['id']}" for trust in trusts),
        *(f"server {server.name}" for server in servers),
        *(f"port {port.name}" for port in ports),
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
    """The step that runs now, or the operation's state when it has ended."""
    operation = customer.operations.show(operation_id)
    assert operation.state not in ENDED, operation.reason
    return next((step.name for step in operation.steps if step.state == "running"), None)


def told(customer: Client, operation_id: str) -> str:
    """Everything that a customer reads of how the machines are: notes of units, and the reason of a parked build."""
    operation = customer.operations.show(operation_id)
    step = next(step for step in operation.steps if step.name == "create_machines")
    units = [unit for unit in step.units or [] if isinstance(unit, types.UnitView)]
    reasons = [operation.reason, *(unit.reason for unit in units)]
    words = [f"{reason.sentence} {reason.evidence or ''}" for reason in reasons if reason]
    return " | ".join(filter(None, [step.note, *(unit.note for unit in units), *words]))


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


def test_a_node_set_to_maintenance_is_told_of_with_its_reason(
    lab: Lab, customer: Client, operator: Client, build: str
) -> None:
    node = awaited(lambda: taken(lab), bool, BUILD_SECONDS)[0]
    operator.nodes.begin_maintenance(node, "a disk is to be swapped")
    awaited(
        lambda: told(customer, build),
        lambda said: node in said and "a disk is to be swapped" in said,
        TOLD_SECONDS,
    )
    operator.nodes.end_maintenance(node)
    goes_on(customer, build)


def test_a_bmc_that_dies_in_mid_deploy_is_told_of_with_its_node(lab: Lab, customer: Client, build: str) -> None:
    node = awaited(lambda: taken(lab), bool, BUILD_SECONDS)[0]
    machine = node.removeprefix(f"{CLOUD}-")
    lab.rack("break", machine, "bmc-dead")
    try:
        system = lab.connect("system").baremetal
        awaited(lambda: system.get_node(node).last_error, bool, GIVEN_UP_SECONDS)
        said = awaited(lambda: told(customer, build), lambda said: node in said, TOLD_SECONDS)
        assert "is in" in said or "power" in said
    finally:
        lab.rack("mend", machine, "all")
    goes_on(customer, build)


@pytest.mark.parametrize("part", ["heat-engine", "rabbitmq"])
def test_a_part_that_is_started_again_holds_up_no_build(lab: Lab, customer: Client, build: str, part: str) -> None:
    lab.openstack("restart" if part == "rabbitmq" else "kill", part)
    goes_on(customer, build)


def test_servers_that_nobody_places_are_told_of(lab: Lab, customer: Client, parameters: dict[str, object]) -> None:
    project = next(iter(customer.projects.list()))
    lab.openstack("stop", "nova-compute")
    try:
        accepted = customer.clusters.create(project.id, "unplaced", blueprint="mpi", parameters=parameters)
        nova = lab.connect("admin").compute
        awaited(lambda: list(nova.servers(all_projects=True)), bool, BUILD_SECONDS)
        awaited(
            lambda: told(customer, accepted.operation_id),
            lambda said: "had no machine" in said,
            PATIENCE_SECONDS + TOLD_SECONDS,
        )
    finally:
        lab.openstack("start", "nova-compute")
    goes_on(customer, accepted.operation_id)
    take_back(customer, accepted)
