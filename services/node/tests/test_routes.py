"""The service against an emulated Ironic: what operators see and do, and what the cluster service asks."""

import asyncio

from sqlalchemy import select, update

from lab.simcloud.tests.running import wait_node
from services.node.schema import allocations, nodes
from services.node.storage.holds import draw
from services.node.tests.conftest import OTHER_PROJECT, PROJECT

FREE = {"cloud_id": "alpha", "resource_class": "bm.general"}


async def by_name(node, operator, name="bm-0"):
    answer = await node.client.get(f"/v1/nodes/{name}", headers=operator())
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_nodes_are_listed_filtered_and_shown_by_name_or_id(node, operator):
    page = (await node.client.get("/v1/nodes?limit=2&state=available", headers=operator())).json()
    assert [item["name"] for item in page["items"]] == ["bm-0", "bm-1"] and page["next_cursor"]
    rest = await node.client.get(f"/v1/nodes?limit=2&cursor={page['next_cursor']}", headers=operator())
    assert [item["name"] for item in rest.json()["items"]] == ["bm-2"]
    none = await node.client.get("/v1/nodes?cloud_id=beta", headers=operator())
    assert none.json()["items"] == []
    shown = await by_name(node, operator)
    assert await by_name(node, operator, shown["id"]) == shown


async def test_a_node_that_is_not_there_and_a_person_without_permission(node, operator, authority):
    assert (await node.client.get("/v1/nodes/nod_nothing", headers=operator())).status_code == 404
    customer = authority.pass_for("usr_1", "node", projects={PROJECT: ["cluster.read"]})
    assert (await node.client.get("/v1/nodes", headers=customer)).status_code == 403


async def test_maintenance_is_begun_with_its_reason_and_ended(node, operator):
    path = "/v1/nodes/bm-0/maintenance"
    begun = await node.client.put(path, json={"reason": "bad fan"}, headers=operator())
    assert (begun.json()["maintenance"], begun.json()["maintenance_reason"]) == (True, "bad fan")
    ended = await node.client.delete(path, headers=operator())
    assert (ended.json()["maintenance"], ended.json()["maintenance_reason"]) == (False, None)
    assert (await node.client.put(path, json={"reason": ""}, headers=operator())).status_code == 422


async def test_power_is_asked_for_and_an_unknown_target_is_named(node, operator, system):
    path = "/v1/nodes/bm-1/power"
    assert (await node.client.post(path, json={"target": "on"}, headers=operator())).status_code == 202
    shown = await by_name(node, operator, "bm-1")
    await asyncio.to_thread(wait_node, system, shown["cloud_node_id"], "available")
    await node.context.watches["alpha"].look()
    assert (await by_name(node, operator, "bm-1"))["power"] == "power on"
    refused = (await node.client.post(path, json={"target": "explode"}, headers=operator())).json()
    assert refused["code"] == "unknown-power-target" and refused["errors"][0]["pointer"] == "/target"
    await node.client.post(path, json={"target": "off"}, headers=operator())
    await asyncio.to_thread(wait_node, system, shown["cloud_node_id"], "available")


async def test_a_node_that_ironic_lost_is_a_404_and_leaves_the_copy(node, operator, system):
    fresh = await asyncio.to_thread(
        lambda: system.baremetal.create_node(name="short-lived", driver="fake-hardware", resource_class="other")
    )
    await node.context.watches["alpha"].look()
    await asyncio.to_thread(system.baremetal.delete_node, fresh)
    path = "/v1/nodes/short-lived/maintenance"
    assert (await node.client.put(path, json={"reason": "x"}, headers=operator())).status_code == 404
    await node.context.watches["alpha"].look()
    assert (await node.client.get("/v1/nodes/short-lived", headers=operator())).status_code == 404


async def test_a_hold_is_made_and_given_back_even_by_a_reconciler(node, cluster_service):
    body = {"project_id": PROJECT, "cluster_id": "clu_1", "cloud_id": "alpha"}
    body["items"] = [{"resource_class": "bm.general", "count": 2}]
    made = await node.client.put("/internal/holds/clu_1", json=body, headers=cluster_service())
    assert made.status_code == 200 and made.json()["state"] == "held"
    other = await node.client.put("/internal/holds/clu_2", json=body, headers=cluster_service())
    assert other.status_code == 422
    foreign = await node.client.put("/internal/holds/clu_1", json=body, headers=cluster_service(OTHER_PROJECT))
    assert foreign.status_code == 403
    assert await unheld(node, cluster_service) == 1
    await node.client.delete("/internal/holds/clu_1", headers=cluster_service(None))
    assert await unheld(node, cluster_service) == 3


async def test_a_reconciler_can_record_an_allocation_and_a_missing_hold_is_a_404(node, cluster_service):
    servers = {"server_ids": ["srv-1"]}
    path = "/internal/holds/clu_1/allocation"
    assert (await node.client.put(path, json=servers, headers=cluster_service())).status_code == 404
    body = {"project_id": PROJECT, "cluster_id": "clu_1", "cloud_id": "alpha", "items": []}
    await node.client.put("/internal/holds/clu_1", json=body, headers=cluster_service())
    assert (await node.client.put(path, json=servers, headers=cluster_service(None))).status_code == 200
    assert (await node.client.put(path, json=servers, headers=cluster_service(OTHER_PROJECT))).status_code == 404


async def test_servers_that_have_settled_are_bound_without_a_look_at_all_nodes(node, operator, cluster_service):
    shown = await by_name(node, operator)
    body = {"project_id": PROJECT, "cluster_id": "clu_1", "cloud_id": "alpha", "items": []}
    await node.client.put("/internal/holds/clu_1", json=body, headers=cluster_service())

    async def bound(state):
        async with node.context.db.unscoped() as tx:
            of_node = update(nodes).where(nodes.c.id == shown["id"])
            await tx.execute(of_node.values(instance_id="srv-1", state=state))
        path, servers = "/internal/holds/clu_1/allocation", {"server_ids": ["srv-1"]}
        return (await node.client.put(path, json=servers, headers=cluster_service())).json()["items"][0]["node_name"]

    assert await bound("active") == "bm-0"
    assert await bound("deploying") is None, "Ironic knows better, and was asked"


async def test_health_needs_the_projects_permission_and_binds_only_to_a_cluster_that_is_named(node, cluster_service):
    body = {"project_id": PROJECT, "cloud_id": "alpha", "server_ids": ["srv-unknown"], "cluster_id": "clu_1"}
    answer = await node.client.post("/internal/health", json=body, headers=cluster_service())
    assert answer.json()["items"][0]["reason"] is None
    async with node.context.db.project(PROJECT) as tx:
        assert (await tx.execute(select(allocations))).all() == []
    refused = await node.client.post("/internal/health", json=body, headers=cluster_service(OTHER_PROJECT))
    assert refused.status_code == 403


async def test_a_node_that_serves_a_cluster_is_not_switched_off(node, operator, cluster_service):
    shown = await by_name(node, operator)
    async with node.context.db.project(PROJECT) as tx:
        await tx.execute(update(nodes).where(nodes.c.id == shown["id"]).values(instance_id="srv-1"))
        await draw(tx, "clu_1", PROJECT, {"srv-1": shown["id"]})
    refused = await node.client.post("/v1/nodes/bm-0/power", json={"target": "off"}, headers=operator())
    assert refused.status_code == 409 and refused.json()["code"] == "node-in-use"
    assert (await by_name(node, operator))["cluster_id"] == "clu_1"
    await node.context.watches["alpha"].look()
    body = {"project_id": PROJECT, "cloud_id": "alpha", "server_ids": ["srv-1"]}
    health = await node.client.post("/internal/health", json=body, headers=cluster_service())
    assert "gone" in health.json()["items"][0]["reason"]


async def unheld(node, cluster_service) -> int:
    report = (await node.client.get("/internal/capacity", headers=cluster_service())).json()
    return next(item["unheld"] for item in report["items"] if item["resource_class"] == "bm.general")


async def test_a_node_that_is_locked_for_a_moment_is_waited_for(node, operator, system):
    shown = await by_name(node, operator, "bm-2")
    url = f"{system.baremetal.get_endpoint()}/v1/nodes/{shown['cloud_node_id']}/states/power"
    await asyncio.to_thread(system.session.put, url, json={"target": "power on"}, raise_exc=False)
    again = await node.client.post("/v1/nodes/bm-2/power", json={"target": "off"}, headers=operator())
    assert again.status_code == 202
    await asyncio.to_thread(wait_node, system, shown["cloud_node_id"], "available")


async def test_what_is_free_is_as_of_now_for_who_asks_for_it(node, system, cluster_service):
    async def free(query: str = "") -> int:
        answer = await node.client.get(f"/internal/capacity{query}", headers=cluster_service())
        assert answer.status_code == 200, answer.text
        (item,) = (item for item in answer.json()["items"] if item["resource_class"] == FREE["resource_class"])
        return item["free"]

    before = await free("?fresh=true")
    one = system.baremetal.get_node("bm-0")
    system.baremetal.set_node_maintenance(one)
    try:
        assert await free() == before
        await asyncio.sleep(1.1)
        assert await free("?fresh=true") == before - 1
    finally:
        system.baremetal.unset_node_maintenance(one)
