"""Clusters from their creation to their end, by the public routes."""

import asyncio

import pytest

from services.chassis.testing.waiting import until
from services.cluster.tests.world import PARAMETERS

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


async def test_a_failed_element_parks_and_a_resume_runs_only_what_is_missing(world):
    alice = await world.person()
    world.hosts.failing.add("users")
    accepted = (await world.create(alice, "parked")).json()
    parked = await world.reach(alice, accepted["operation_id"], "parked")
    assert parked["reason"]["slug"] == "element-failed" and "users" in parked["reason"]["sentence"]
    assert parked["reason"]["runbook"].endswith("element-failed.md") and parked["allowed"] == ["resume", "undo"]
    cluster = await world.show(alice, f"clusters/{accepted['cluster_id']}")
    assert cluster["state"] == "building" and cluster["reason"] == parked["reason"]["sentence"]
    world.hosts.failing.clear()
    assert (await world.post(alice, f"operations/{accepted['operation_id']}/resume")).status_code == 202
    await world.reach(alice, accepted["operation_id"], "succeeded")
    first, second = world.hosts.started(accepted["cluster_id"])
    assert [element.name for element in first.elements] == ["host-names", "users"]
    assert [element.name for element in second.elements] == ["users"]
    matrix = await world.show(alice, f"operations/{accepted['operation_id']}/matrix")
    assert {cell["state"] for cell in matrix["cells"]} == {"changed"} and len(matrix["cells"]) == 4
    await world.deleted(alice, accepted["cluster_id"])


async def test_a_lost_run_is_begun_again_by_itself(world):
    alice = await world.person()
    world.hosts.lose = 2
    cluster = await world.built(alice, "lost")
    assert len(world.hosts.started(cluster["id"])) == 3
    await world.deleted(alice, cluster["id"])


async def test_runs_that_are_lost_again_and_again_park(world):
    alice = await world.person()
    world.hosts.lose = 3
    accepted = (await world.create(alice, "losing")).json()
    parked = await world.reach(alice, accepted["operation_id"], "parked")
    assert parked["reason"]["sentence"] == "The run was lost."
    assert (await world.post(alice, f"operations/{accepted['operation_id']}/resume")).status_code == 202
    await world.reach(alice, accepted["operation_id"], "succeeded")
    await world.deleted(alice, accepted["cluster_id"])


async def test_a_build_under_way_is_deleted_by_a_cancel_even_when_asked_twice_at_once(world):
    alice = await world.person()
    world.hosts.endless = True
    accepted = (await world.create(alice, "cancelled")).json()
    await until(lambda: bool(world.hosts.going_on(accepted["cluster_id"])), 40)
    path = f"/v1/clusters/{accepted['cluster_id']}"
    asked = [world.cluster.client.delete(path, headers=world.ask(alice)) for _ in range(3)]
    answers = await asyncio.gather(*asked)
    assert {answer.json()["operation_id"] for answer in answers} == {accepted["operation_id"]}
    await world.reach(alice, accepted["operation_id"], "undone")
    assert world.hosts.going_on(accepted["cluster_id"]) == []
    assert (await world.show(alice, f"clusters/{accepted['cluster_id']}"))["state"] == "deleted"
    assert (await world.cluster.client.delete(path, headers=world.ask(alice))).status_code == 404


async def test_a_run_that_the_runner_forgot_holds_up_no_undo(world):
    alice = await world.person()
    world.hosts.endless = True
    accepted = (await world.create(alice, "forgotten")).json()
    await until(lambda: bool(world.hosts.going_on(accepted["cluster_id"])), 40)
    world.hosts.forgetful = True
    await world.deleted(alice, accepted["cluster_id"])


async def test_two_deletes_at_once_are_one_operation(world):
    alice = await world.person()
    cluster = await world.built(alice, "twice")
    path = f"/v1/clusters/{cluster['id']}"
    asked = [world.cluster.client.delete(path, headers=world.ask(alice)) for _ in range(4)]
    answers = await asyncio.gather(*asked)
    assert {answer.status_code for answer in answers} == {202}
    (operation,) = {answer.json()["operation_id"] for answer in answers}
    locked = await world.cluster.client.patch(path, json={"locked": True}, headers=world.ask(alice))
    assert locked.status_code == 409 and locked.json()["code"] == "cluster-going"
    await world.reach(alice, operation, "succeeded")


async def test_another_member_goes_on_for_one_who_is_suspended(world):
    alice = await world.person()
    bob = await world.person(*alice.projects)
    world.hosts.failing.add("users")
    accepted = (await world.create(alice, "inherited")).json()
    await world.reach(alice, accepted["operation_id"], "parked")
    await world.suspend(alice)
    world.hosts.failing.clear()
    assert (await world.post(bob, f"operations/{accepted['operation_id']}/resume")).status_code == 202
    await world.reach(bob, accepted["operation_id"], "succeeded")
    await world.deleted(bob, accepted["cluster_id"])


async def test_a_locked_cluster_is_neither_deleted_nor_undone(world):
    alice = await world.person()
    world.hosts.failing.add("users")
    accepted = (await world.create(alice, "locked", locked=True)).json()
    await world.reach(alice, accepted["operation_id"], "parked")
    path = f"/v1/clusters/{accepted['cluster_id']}"
    refused = await world.cluster.client.delete(path, headers=world.ask(alice))
    assert refused.status_code == 409 and refused.json()["code"] == "cluster-locked"
    undo = await world.post(alice, f"operations/{accepted['operation_id']}/undo")
    assert undo.status_code == 409 and undo.json()["code"] == "cluster-locked"
    await world.cluster.client.patch(path, json={"locked": False}, headers=world.ask(alice))
    await world.deleted(alice, accepted["cluster_id"])


async def test_more_machines_than_there_are_is_refused_and_leaves_nothing(world):
    alice = await world.person()
    parameters = {**PARAMETERS, "compute_count": 8}
    refused = await world.create(alice, "big", parameters=parameters)
    assert refused.status_code == 409 and refused.json()["code"] == "does-not-fit"
    assert (await world.show(alice, "clusters"))["items"] == []


async def test_a_host_that_is_silent_is_told_of_and_waited_for(world):
    alice = await world.person()
    world.hosts.silent.add("silent-head")
    accepted = (await world.create(alice, "silent")).json()

    async def told() -> bool:
        steps = (await world.show(alice, f"operations/{accepted['operation_id']}"))["steps"]
        reach = next(step for step in steps if step["name"] == "reach_hosts")
        return any("silent-head: no answer" in (unit["note"] or "") for unit in reach["units"])

    await until(told, 40)
    world.hosts.silent.clear()
    await world.reach(alice, accepted["operation_id"], "succeeded")
    await world.deleted(alice, accepted["cluster_id"])
