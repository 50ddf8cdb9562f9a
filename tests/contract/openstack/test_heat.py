"""Heat, as the cluster service uses it: a batch of two machines, made, read, mended and removed."""

import time
from typing import Any

import pytest

from tests.contract.openstack.api import Api
from tests.contract.openstack.builds import BATCH, HOSTS, Batch
from tests.contract.openstack.cloud import Cloud
from tests.contract.openstack.groups import TAGS, Heat, in_order, order, small
from tests.contract.openstack.stage import NAME, Stage, node_of, until
from tests.contract.openstack.witness import Witness

# Heat keeps the time of a stack in whole seconds; two of one second come in no order.
_SECOND = 1.1
FREE = ("parameters", "properties_data", "environment")


@pytest.fixture(scope="module")
def heat(member: Api, stage: Stage, cloud: Cloud) -> Heat:
    return Heat(member, cloud)


def test_a_create_answers_id_and_address(batch: Batch, witness: Witness) -> None:
    witness.see("heat/created", batch.answer)
    assert batch.answer.headers["Location"].endswith(batch.path)
    assert batch.states == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]


def test_a_stack_shows_its_tags_and_outputs(heat: Heat, batch: Batch, witness: Witness) -> None:
    stack = witness.see("heat/stack", heat.ask("GET", batch.path), free=FREE)["stack"]
    assert stack["tags"] == list(TAGS)
    assert stack["stack_status_reason"] == "Stack CREATE completed successfully"
    (servers,) = [output["output_value"] for output in stack["outputs"] if output["output_key"] == "servers"]
    assert [server["name"] for server in servers] == [*HOSTS]
    assert all(server["id"] and server["address"] for server in servers)


def test_a_stack_by_id_or_name_is_a_redirect(heat: Heat, batch: Batch, witness: Witness) -> None:
    for key in (batch.id, BATCH):
        answer = heat.ask("GET", f"/stacks/{key}")
        witness.see("heat/redirect", answer)
        assert answer.headers["Location"].endswith(batch.path)


def test_stacks_are_found_by_name_and_by_tags(heat: Heat, batch: Batch, witness: Witness) -> None:
    for query in (f"name={BATCH}", "tags=cloudpoint", "tags=cloudpoint,clu_contract", "tags_any=nobody,clu_contract"):
        found = witness.see("heat/stacks", heat.ask("GET", f"/stacks?{query}"))["stacks"]
        assert [stack["id"] for stack in found] == [batch.id]
        assert found[0]["tags"] == list(TAGS)
    for query in ("name=nobody", "tags=cloudpoint,nobody", "tags=cloud"):
        assert heat.ask("GET", f"/stacks?{query}").of(200) == {"stacks": []}


def test_resources_are_listed_with_those_of_nested_stacks(heat: Heat, batch: Batch, witness: Witness) -> None:
    flat = witness.see("heat/resources", heat.ask("GET", f"{batch.path}/resources"))["resources"]
    assert [item["resource_type"] for item in flat] == ["OS::Heat::ResourceGroup"]
    deep = witness.see("heat/resources-nested", heat.ask("GET", f"{batch.path}/resources?nested_depth=2"))["resources"]
    kinds = sorted(item["resource_type"] for item in deep)
    assert kinds.count("OS::Nova::Server") == kinds.count("OS::Neutron::Port") == kinds.count("machine.yaml") == 2
    assert {item["resource_status"] for item in deep} == {"CREATE_COMPLETE"}
    assert all(item["physical_resource_id"] for item in deep)


def test_a_resource_is_shown_with_its_attributes(heat: Heat, batch: Batch, witness: Witness) -> None:
    path = f"{batch.path}/resources/machines"
    witness.see("heat/resource-group", heat.ask("GET", path), free=["attributes"])
    links = heat.ask("GET", path).of(200)["resource"]["links"]
    assert {link["rel"] for link in links} == {"self", "stack", "nested"}
    witness.see("heat/resource-missing", heat.ask("GET", f"{batch.path}/resources/nobody"))


def test_events_tell_the_way_of_each_resource_newest_first(heat: Heat, batch: Batch, witness: Witness) -> None:
    events = witness.see("heat/events", heat.ask("GET", f"{batch.path}/events?nested_depth=2"))["events"]
    own = [item["resource_status"] for item in events if item["physical_resource_id"] == batch.id]
    assert own == ["CREATE_COMPLETE", "CREATE_IN_PROGRESS"]
    of_servers = [item["resource_status"] for item in events if item["resource_name"] == "server"]
    assert sorted(of_servers) == ["CREATE_COMPLETE"] * 2 + ["CREATE_IN_PROGRESS"] * 2
    times = [item["event_time"] for item in events]
    assert times == sorted(times, reverse=True)
    oldest_first = heat.ask("GET", f"{batch.path}/events?sort_dir=asc").of(200)["events"]
    assert oldest_first[0]["resource_status"] == "CREATE_IN_PROGRESS"
    one = f"{batch.path}/resources/machines/events"
    found = witness.see("heat/events-of-resource", heat.ask("GET", one))["events"]
    witness.see("heat/event", heat.ask("GET", f"{one}/{found[0]['id']}"), free=["resource_properties"])


def test_events_come_in_pages(heat: Heat, batch: Batch) -> None:
    every = [item["id"] for item in heat.ask("GET", f"{batch.path}/events").of(200)["events"]]
    assert len(every) == 4
    paged: list[str] = []
    while True:
        marker = f"&marker={paged[-1]}" if paged else ""
        page = heat.ask("GET", f"{batch.path}/events?limit=3{marker}").of(200)["events"]
        paged += [item["id"] for item in page]
        if len(page) < 3:
            break
    assert paged == every


def test_outputs_have_addresses_of_their_own(heat: Heat, batch: Batch, witness: Witness) -> None:
    witness.see("heat/outputs", heat.ask("GET", f"{batch.path}/outputs"))
    witness.see("heat/output", heat.ask("GET", f"{batch.path}/outputs/servers"))
    witness.see("heat/output-missing", heat.ask("GET", f"{batch.path}/outputs/nothing"))


def test_a_used_name_is_a_conflict(heat: Heat, batch: Batch, witness: Witness) -> None:
    witness.see("heat/name-used", heat.ask("POST", "/stacks", small(BATCH)))


def test_the_nodes_of_a_batch_carry_its_servers(system: Api, heat: Heat, batch: Batch, stage: Stage) -> None:
    deep = heat.ask("GET", f"{batch.path}/resources?nested_depth=2").of(200)["resources"]
    servers = {item["physical_resource_id"] for item in deep if item["resource_type"] == "OS::Nova::Server"}
    nodes = [node_of(system, node) for node in stage.workers.values()]
    states = {node["instance_uuid"]: node["provision_state"] for node in nodes}
    assert [states[server] for server in servers] == ["active", "active"]


def test_an_update_that_changes_nothing_leaves_every_machine(heat: Heat, batch: Batch, witness: Witness) -> None:
    before = heat.show(batch.path)["outputs"]
    preview = heat.ask("PUT", f"{batch.path}/preview", order(heat.cloud, BATCH, list(HOSTS)))
    witness.see("heat/preview-update", preview, free=["old_value", "new_value"])
    changes = preview.body["resource_changes"]
    assert [item["resource_name"] for item in changes["updated"]] == ["machines"]
    assert not changes["added"] + changes["deleted"] + changes["replaced"] + changes["unchanged"]
    asked = heat.ask("PUT", batch.path, order(heat.cloud, BATCH, list(HOSTS)))
    witness.see("heat/update-accepted", asked)
    assert heat.reach(batch.path, "UPDATE_COMPLETE")[-1] == "UPDATE_COMPLETE"
    assert heat.show(batch.path)["outputs"] == before


def test_a_member_that_is_marked_is_made_anew_and_its_port_goes_along(
    heat: Heat, batch: Batch, member: Api, system: Api, stage: Stage, witness: Witness
) -> None:
    before = {server["name"]: server for server in _servers(heat, batch)}
    machine = _member(heat, batch, "h-1")
    mark = {"mark_unhealthy": True, "resource_status_reason": "the contract says so"}
    witness.see("heat/marked", heat.ask("PATCH", f"{machine}/resources/server", mark))
    assert heat.ask("GET", f"{machine}/resources/server").of(200)["resource"]["resource_status"] == "CHECK_FAILED"
    ports = {port["id"] for port in member.get("network", "/v2.0/ports").of(200)["ports"]}
    heat.ask("PUT", batch.path, order(heat.cloud, BATCH, list(HOSTS))).of(202)
    states = heat.reach(batch.path, "UPDATE_COMPLETE", "UPDATE_FAILED", seconds=60)
    assert in_order(states, ["UPDATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]) or states == [
        "UPDATE_IN_PROGRESS",
        "UPDATE_COMPLETE",
    ]
    after = {server["name"]: server for server in _servers(heat, batch)}
    assert after["h-2"] == before["h-2"] and after["h-1"]["id"] != before["h-1"]["id"]
    assert after["h-1"]["address"] == before["h-1"]["address"]
    assert {port["id"] for port in member.get("network", "/v2.0/ports").of(200)["ports"]} == ports
    _all_given_back_but(system, stage, heat.cloud, {server["id"] for server in after.values()})


def test_a_stack_that_is_gone_is_shown_by_its_id_alone(heat: Heat, witness: Witness) -> None:
    path = heat.create(small(f"{NAME}-short"))
    heat.reach(path, "CREATE_COMPLETE")
    witness.see("heat/small-stack", heat.ask("GET", path), free=FREE)
    witness.see("heat/delete-accepted", heat.ask("DELETE", path))
    heat.reach(path, "DELETE_COMPLETE")
    witness.see("heat/deleted-by-id", heat.ask("GET", path), free=FREE)
    # The name may be used for a moment more: Heat marks the row as deleted after the state.
    until(lambda: heat.ask("GET", f"/stacks/{NAME}-short").status == 404, 30, "the name is free")
    assert heat.ask("GET", f"/stacks?name={NAME}-short").of(200) == {"stacks": []}
    witness.see("heat/delete-again", heat.ask("DELETE", path))
    witness.see("heat/update-deleted", heat.ask("PUT", path, small(f"{NAME}-short")))


def test_stacks_come_in_pages_newest_first(heat: Heat) -> None:
    names = [f"{NAME}-page-{number}" for number in range(3)]
    paths = []
    for name in names:
        paths.append(heat.create(small(name)))
        time.sleep(_SECOND)
    for path in paths:
        heat.reach(path, "CREATE_COMPLETE")
    found, marker = [], ""
    while True:
        page = heat.ask("GET", f"/stacks?limit=2{marker}").of(200)["stacks"]
        found += [stack["stack_name"] for stack in page]
        if not page:
            break
        marker = f"&marker={page[-1]['id']}"
    for path in paths:
        heat.remove(path)
    assert [name for name in found if name in names] == names[::-1]


def _servers(heat: Heat, batch: Batch) -> Any:
    return heat.show(batch.path)["outputs"][0]["output_value"]


def _member(heat: Heat, batch: Batch, host: str) -> str:
    """The path of the nested stack that holds a host."""
    deep = heat.ask("GET", f"{batch.path}/resources?nested_depth=2").of(200)["resources"]
    wanted = next(server["id"] for server in _servers(heat, batch) if server["name"] == host)
    row = next(item for item in deep if item["physical_resource_id"] == wanted)
    link = next(link["href"] for link in row["links"] if link["rel"] == "stack")
    return "/stacks/" + link.partition("/stacks/")[2]


def _all_given_back_but(system: Api, stage: Stage, cloud: Cloud, servers: set[str] | None) -> None:
    """Wait until every node that carries none of the servers is available again (None: any server may stay)."""

    def calm() -> bool:
        nodes = [node_of(system, node) for node in stage.workers.values()]
        left = [node for node in nodes if servers is None or node["instance_uuid"] not in servers]
        return all(node["provision_state"] in ("available", "active") for node in left)

    until(calm, 30 * cloud.patience, "nodes are available")
