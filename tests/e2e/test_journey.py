"""A customer's whole way: a cluster from a blueprint, looked at, logged in to, deleted; and what is told of it."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from cloudpoint import ApiProblem, Client
from cloudpoint.generated import types
from tests.e2e.platform import CLOUD, OTHER_CLOUD, ROOT, Platform, awaited, finished

pytestmark = [pytest.mark.machines, pytest.mark.slow]


@pytest.fixture(scope="module")
def both(
    platform: Platform, customer: Client, project: types.Project, parameters: dict[str, object]
) -> dict[str, types.Cluster]:
    """Two clusters by the names of their clouds, built at the same time."""
    accepted = {
        cloud: customer.clusters.create(project.id, name, blueprint="small", cloud=cloud, parameters=parameters)
        for name, cloud in (("journey", CLOUD), ("beside", OTHER_CLOUD))
    }
    for order in accepted.values():
        operation = finished(customer, order.operation_id)
        assert operation.state == "succeeded", operation.reason
    return {cloud: customer.clusters.show(order.cluster_id) for cloud, order in accepted.items()}


@pytest.fixture(scope="module")
def cluster(both: dict[str, types.Cluster]) -> types.Cluster:
    return both[CLOUD]


def test_the_cluster_is_ready_on_machines_that_are_recorded(cluster: types.Cluster) -> None:
    assert cluster.state == "ready" and cluster.operation_id is None
    assert [host.name for host in cluster.hosts] == ["journey-head", "journey-compute-1"]
    assert all(host.state == "ready" and host.address and host.node_name for host in cluster.hosts)


def test_every_element_was_applied_on_every_host(customer: Client, cluster: types.Cluster) -> None:
    build = next(iter(customer.operations.list(cluster=cluster.id)))
    matrix = customer.operations.matrix(build.id)
    assert {(cell.host, cell.element) for cell in matrix.cells} == {
        (host.name, element) for host in cluster.hosts for element in ("host-names", "users")
    }
    assert {cell.state for cell in matrix.cells} <= {"ok", "changed"}
    assert "PLAY RECAP" in customer.operations.log(build.id).text


def test_a_user_logs_in_through_the_platform(
    platform: Platform, customer: Client, cluster: types.Cluster, key_file: Path, tmp_path: Path
) -> None:
    assert _hostname_and_user(platform, customer, cluster, key_file, tmp_path) == ["journey-compute-1", "alice"]


def _hostname_and_user(
    platform: Platform, customer: Client, cluster: types.Cluster, key_file: Path, tmp_path: Path
) -> list[str]:
    """Log in to the compute host by the command, and have it say its name and who one is."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(ROOT / "clients/cli"),
        "CLOUDPOINT_CONFIG": str(tmp_path),
        "CLOUDPOINT_URL": platform.public_url,
        "CLOUDPOINT_TOKEN": str(customer.transport.token),
    }
    options = ["--user", "alice", "--identity", str(key_file), "--host", "journey-compute-1", cluster.id]
    command = [sys.executable, "-m", "cloudpoint", "cluster", "ssh", *options, "--", "hostname; id -un"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_another_cloud_has_machines_of_its_own(
    platform: Platform, customer: Client, both: dict[str, types.Cluster]
) -> None:
    for cloud, cluster in both.items():
        hosts = cluster.hosts or []
        assert len(hosts) == 2 and all(str(host.node_name).startswith(cloud) for host in hosts)
    assert platform.servers(OTHER_CLOUD) == ["beside-compute-1", "beside-head"]
    assert platform.servers() == ["journey-compute-1", "journey-head"]
    deleted = customer.clusters.delete(both[OTHER_CLOUD].id)
    assert finished(customer, deleted.operation_id).state == "succeeded"
    assert platform.servers(OTHER_CLOUD) == []


def test_clusters_outlive_a_stop_of_everything(
    platform: Platform, customer: Client, cluster: types.Cluster, key_file: Path, tmp_path: Path
) -> None:
    platform.stop()
    platform.start()
    assert customer.clusters.show(cluster.id).state == "ready"

    def logged_in() -> list[str]:
        try:
            return _hostname_and_user(platform, customer, cluster, key_file, tmp_path)
        except AssertionError:
            return []

    awaited(logged_in, lambda found: found == ["journey-compute-1", "alice"], 60)


def test_machines_are_not_lent_twice(
    customer: Client, project: types.Project, parameters: dict[str, object], cluster: types.Cluster
) -> None:
    with pytest.raises(ApiProblem) as refused:
        customer.clusters.create(project.id, "too-much", blueprint="small", parameters=parameters)
    assert refused.value.document.code == "does-not-fit"
    assert "2 machines of class bm.general are needed, 1 are free" in refused.value.document.detail
    assert [item.name for item in customer.clusters.list(name="too-much")] == []


def test_a_name_is_used_once(
    customer: Client, project: types.Project, parameters: dict[str, object], cluster: types.Cluster
) -> None:
    with pytest.raises(ApiProblem) as refused:
        customer.clusters.create(project.id, "journey", blueprint="small", parameters=parameters)
    assert refused.value.document.code in ("name-taken", "does-not-fit")


def test_a_locked_cluster_is_not_deleted(customer: Client, cluster: types.Cluster) -> None:
    customer.clusters.change(cluster.id, locked=True)
    with pytest.raises(ApiProblem) as refused:
        customer.clusters.delete(cluster.id)
    assert refused.value.document.code == "cluster-locked"
    assert not customer.clusters.change(cluster.id, locked=False).locked


def test_delete_takes_everything_back(
    platform: Platform, customer: Client, operator: Client, project: types.Project, cluster: types.Cluster
) -> None:
    accepted = customer.clusters.delete(cluster.id)
    assert finished(customer, accepted.operation_id).state == "succeeded"
    assert customer.clusters.show(cluster.id).state == "deleted"
    assert platform.servers() == []
    awaited(lambda: [node.state for node in operator.nodes.list()], lambda found: set(found) == {"available"}, 30)
    assert all(node.cluster_id is None for node in operator.nodes.list())


def test_what_happened_is_told_without_a_gap(customer: Client, project: types.Project, cluster: types.Cluster) -> None:
    history = list(customer.events.list(project.id, limit=200))
    assert sorted(event.number for event in history) == list(range(1, len(history) + 1))
    states = [
        event.data["state"]
        for event in sorted(history, key=lambda event: event.number)
        if event.type == "cluster.changed" and event.subject == cluster.id
    ]
    in_order = [state for index, state in enumerate(states) if index == 0 or states[index - 1] != state]
    assert in_order == ["building", "ready", "deleting", "deleted"], msgspec.to_builtins(in_order)
