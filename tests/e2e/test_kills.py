"""A build and a delete whose worker is killed once in each of their steps go on by themselves, and double nothing."""

import pytest

from cloudpoint import Client
from cloudpoint.generated import types
from services.chassis.saga import Saga
from services.cluster.sagas.build import BUILD
from services.cluster.sagas.delete import DELETE
from tests.e2e.platform import Platform, awaited, finished
from tests.faults.armed import Place

pytestmark = [pytest.mark.machines, pytest.mark.slow]

_STANDING = {
    "cluster.machine_groups": 3,
    "node.holds": 1,
    "node.hold_items": 1,
    "node.allocations": 2,
    "secrets.cluster_authority": 1,
}


def test_a_build_and_a_delete_go_on_after_kill_9_in_each_of_their_steps(
    platform: Platform, customer: Client, operator: Client, project: types.Project, parameters: dict[str, object]
) -> None:
    before, rows = platform.cloud().everything(), platform.databases().of_clusters()
    with platform.mortal_worker() as armed:
        armed.arm(*_in_each_step(BUILD))
        accepted = customer.clusters.create(project.id, "killed", blueprint="small", parameters=parameters)
        built = finished(customer, accepted.operation_id)
        assert built.state == "succeeded", built.reason
        assert armed.fired() == _in_each_step(BUILD)
        _stands_once(platform, customer.clusters.show(accepted.cluster_id), rows)

        armed.arm(*_in_each_step(DELETE))
        deleted = finished(customer, customer.clusters.delete(accepted.cluster_id).operation_id)
        assert deleted.state == "succeeded", deleted.reason
        assert armed.fired() == _in_each_step(BUILD) | _in_each_step(DELETE)
    assert platform.cloud().everything() == before
    assert platform.databases().of_clusters() == rows
    assert _states_told(customer, project, accepted.cluster_id) == ["building", "ready", "deleting", "deleted"]
    awaited(lambda: {node.state for node in operator.nodes.list()}, lambda states: states == {"available"}, 60)


def _in_each_step(saga: Saga) -> set[Place]:
    """Return, for each step of the saga's table, the point at which it did all its work and wrote nothing of it."""
    return {Place(saga.name, "forward", step.name, "reply") for step in saga.steps}


def _stands_once(platform: Platform, cluster: types.Cluster, rows: dict[str, int]) -> None:
    """Everything of the cluster is there, and nothing of it twice."""
    assert cluster.state == "ready" and {host.state for host in cluster.hosts or []} == {"ready"}
    cloud = platform.cloud()
    assert cloud.servers() == ["killed-compute-1", "killed-head"]
    groups = ("compute-0", "head-0", "shared")
    assert cloud.stacks() == [f"killed-{group}-{cluster.id[-10:]}" for group in groups]
    held = platform.databases().of_clusters()
    assert {name: held[name] - rows[name] for name in _STANDING} == _STANDING
    assert platform.databases().runs(cluster.id) == [("apply", "succeeded"), ("verify", "succeeded")]


def _states_told(customer: Client, project: types.Project, cluster_id: str) -> list[object]:
    """Return the states of which the cluster's events tell, in order; the same again is told of once."""
    told = [
        event.data["state"]
        for event in sorted(customer.events.list(project.id, limit=200), key=lambda event: event.number)
        if event.type == "cluster.changed" and event.subject == cluster_id
    ]
    return [state for index, state in enumerate(told) if index == 0 or told[index - 1] != state]
