"""Builds that fail are mended and resumed, cancelled, undone."""

from collections.abc import Iterator

import pytest

from cloudpoint import ApiProblem, Client
from cloudpoint.generated import types
from tests.e2e.platform import Platform, awaited, finished

pytestmark = [pytest.mark.machines, pytest.mark.slow]


@pytest.fixture(autouse=True)
def clusters_are_taken_back(customer: Client) -> Iterator[None]:
    """Delete what a failed test left, so that the next one has machines."""
    yield
    for cluster in list(customer.clusters.list()):
        finished(customer, customer.clusters.delete(cluster.id).operation_id)


def test_a_failed_build_keeps_what_works_and_is_resumed_on_the_failed_host_only(
    platform: Platform, customer: Client, operator: Client, project: types.Project, parameters: dict[str, object]
) -> None:
    accepted = customer.clusters.create(project.id, "mended", blueprint="small", parameters=parameters)
    _wait_for_step(customer, accepted.operation_id, "configure")
    cluster = customer.clusters.show(accepted.cluster_id)
    machine = next(host.node_name for host in cluster.hosts if host.name == "mended-compute-1")
    name = str(machine).rpartition("-")[2]
    platform.rack("break", name, "no-network")
    parked = finished(customer, accepted.operation_id)
    assert parked.state == "parked" and parked.reason is not None
    assert "mended-compute-1" in parked.reason.sentence and "resume" in parked.allowed
    before = {(cell.host, cell.element): cell for cell in customer.operations.matrix(parked.id).cells}
    platform.rack("mend", name, "all")
    customer.operations.resume(parked.id)
    resumed = finished(customer, parked.id)
    assert resumed.state == "succeeded", resumed.reason and resumed.reason.evidence
    after = {(cell.host, cell.element): cell for cell in customer.operations.matrix(parked.id).cells}
    kept = [place for place, cell in before.items() if cell.state in ("ok", "changed")]
    assert kept and all(after[place].ended_at == before[place].ended_at for place in kept)
    assert all(cell.state in ("ok", "changed") for cell in after.values())
    finished(customer, customer.clusters.delete(accepted.cluster_id).operation_id)
    _nothing_is_left(platform, operator)


def test_a_cancelled_build_takes_back_what_it_made(
    platform: Platform, customer: Client, operator: Client, project: types.Project, parameters: dict[str, object]
) -> None:
    accepted = customer.clusters.create(project.id, "cancelled", blueprint="small", parameters=parameters)
    _wait_for_step(customer, accepted.operation_id, "configure")
    customer.operations.cancel(accepted.operation_id)
    assert finished(customer, accepted.operation_id).state == "undone"
    assert customer.clusters.show(accepted.cluster_id).state == "deleted"
    _nothing_is_left(platform, operator)


def test_a_parked_build_is_undone(
    platform: Platform, customer: Client, operator: Client, project: types.Project, parameters: dict[str, object]
) -> None:
    names = [str(node.name).rpartition("-")[2] for node in operator.nodes.list()]
    for name in names:
        platform.rack("break", name, "no-boot")
    try:
        accepted = customer.clusters.create(project.id, "undone", blueprint="small", parameters=parameters)
        _wait_for_step(customer, accepted.operation_id, "create_machines")
        parked = awaited(
            lambda: customer.operations.show(accepted.operation_id),
            lambda found: found.state == "parked" or _running(found) == {"reach_hosts"},
            120,
        )
        if parked.state == "parked":
            customer.operations.undo(parked.id)
        else:
            customer.operations.cancel(parked.id)
        assert finished(customer, parked.id).state == "undone"
    finally:
        for name in names:
            platform.rack("mend", name, "all")
    _nothing_is_left(platform, operator)


def test_what_cannot_be_asked_for_is_said(customer: Client, operator: Client, project: types.Project) -> None:
    ended = next(iter(customer.operations.list()))
    with pytest.raises(ApiProblem) as refused:
        customer.operations.resume(ended.id)
    assert refused.value.status == 409 and refused.value.document.hint


def _wait_for_step(client: Client, operation_id: str, step: str) -> None:
    def reached(operation: types.Operation) -> bool:
        return step in _running(operation) or operation.state not in ("queued", "running")

    found = awaited(lambda: client.operations.show(operation_id), reached, 120)
    assert found.state == "running", found


def _running(operation: types.Operation) -> set[str]:
    return {step.name for step in operation.steps if step.state == "running"}


def _nothing_is_left(platform: Platform, operator: Client) -> None:
    assert platform.servers() == []
    awaited(lambda: {node.state for node in operator.nodes.list()}, lambda states: states == {"available"}, 60)
    assert all(node.cluster_id is None for node in operator.nodes.list())
