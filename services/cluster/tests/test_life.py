"""Clusters from their creation to their end, by the public routes."""

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_cluster_is_built_shown_and_deleted(world):
    alice = await world.person()
    cluster = await world.built(alice, "first")
    assert cluster["state"] == "ready" and cluster["operation_id"] is None
    assert [host["name"] for host in cluster["hosts"]] == ["first-head", "first-compute-1"]
    assert all(host["state"] == "ready" and host["node_name"] and host["address"] for host in cluster["hosts"])
    assert cluster["outputs"]["ssh"]["hosts"][0]["name"] == "first-head"
    (run,) = world.hosts.started(cluster["id"])
    assert all(len(host.host_keys) == 1 and host.host_keys[0].endswith(host.name) for host in run.hosts)
    await world.deleted(alice, cluster["id"])
    gone = await world.show(alice, f"clusters/{cluster['id']}")
    assert gone["state"] == "deleted" and {host["state"] for host in gone["hosts"]} == {"removed"}
    assert (await world.show(alice, "clusters"))["items"] == []
    again = await world.built(alice, "first")
    await world.deleted(alice, again["id"])
