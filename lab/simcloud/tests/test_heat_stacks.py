"""Life of stacks, by heatclient."""

import copy
import uuid
from typing import Any

import pytest
from heatclient import exc
from openstack.connection import Connection

from lab.simcloud.tests.running import RunningCloud, wait_stack, wait_until

MACHINE = """
heat_template_version: 2021-04-16
parameters:
  name: {type: string}
resources:
  port:
    type: OS::Neutron::Port
    properties: {network: provision, name: {get_param: name}}
  server:
    type: OS::Nova::Server
    properties:
      name: {get_param: name}
      flavor: bm.general
      image: bm-image
      networks: [{port: {get_resource: port}}]
outputs:
  ip: {value: {get_attr: [port, fixed_ips, 0, ip_address]}}
  server_id: {value: {get_resource: server}}
"""
FLEET: dict[str, Any] = {
    "heat_template_version": "2021-04-16",
    "description": "a fleet",
    "parameters": {"count": {"type": "number", "default": 1, "constraints": [{"range": {"min": 0, "max": 5}}]}},
    "resources": {
        "fleet": {
            "type": "OS::Heat::ResourceGroup",
            "properties": {
                "count": {"get_param": "count"},
                "resource_def": {
                    "type": "machine.yaml",
                    "properties": {"name": {"list_join": ["-", [{"get_param": "OS::stack_name"}, "%index%"]]}},
                },
            },
        }
    },
    "outputs": {
        "ips": {"value": {"get_attr": ["fleet", "ip"]}},
        "ids": {"value": {"get_attr": ["fleet", "server_id"]}},
        "second": {"value": {"get_attr": ["fleet", "resource.1.ip"]}},
    },
}
PORTS: dict[str, Any] = {
    "heat_template_version": "2021-04-16",
    "parameters": {
        "name": {"type": "string", "default": "first"},
        "network": {"type": "string", "default": "provision"},
    },
    "resources": {
        "port": {
            "type": "OS::Neutron::Port",
            "properties": {"network": {"get_param": "network"}, "name": {"get_param": "name"}},
        }
    },
    "outputs": {"port": {"value": {"get_resource": "port"}}},
}


def new_name() -> str:
    return f"s-{uuid.uuid4().hex[:8]}"


def create(heat: Any, template: Any, **fields: Any) -> str:
    stack_id: str = heat.stacks.create(stack_name=fields.pop("name", new_name()), template=template, **fields)["stack"][
        "id"
    ]
    return stack_id


def remove(heat: Any, stack_id: str) -> None:
    heat.stacks.delete(stack_id)
    wait_stack(heat, stack_id, "DELETE_COMPLETE")


def outputs(stack: Any) -> dict[str, Any]:
    return {item["output_key"]: item["output_value"] for item in stack.outputs}


def test_a_fleet_grows_shrinks_and_goes(heat: Any, admin: Connection, system: Connection) -> None:
    files = {"machine.yaml": MACHINE}
    stack_id = create(heat, FLEET, files=files, parameters={"count": 2}, tags="op_1,blue", name="fleet")
    stack = wait_stack(heat, stack_id, "CREATE_COMPLETE")
    found = outputs(stack)
    assert found["ips"] == ["10.99.0.10", "10.99.0.11"]
    assert found["second"] == "10.99.0.11"
    assert {server.name for server in admin.compute.servers()} == {"fleet-0", "fleet-1"}
    assert [item.id for item in heat.stacks.list(filters={"tags": "op_1"})] == [stack_id]
    resources = heat.resources.list(stack_id, nested_depth=3)
    assert sorted(r.resource_name for r in resources) == ["0", "1", "fleet", "port", "port", "server", "server"]
    events = [(e.resource_name, e.resource_status) for e in heat.events.list(stack_id, sort_dir="asc")]
    assert events == [
        ("fleet", "CREATE_IN_PROGRESS"),
        ("fleet", "CREATE_IN_PROGRESS"),
        ("fleet", "CREATE_COMPLETE"),
        ("fleet", "CREATE_COMPLETE"),
    ]

    heat.stacks.update(stack_id, existing=True, template=FLEET, files=files, parameters={"count": 3})
    grown = outputs(wait_stack(heat, stack_id, "UPDATE_COMPLETE"))
    assert grown["ids"][:2] == found["ids"]
    assert len(grown["ips"]) == 3
    heat.stacks.update(stack_id, existing=True, template=FLEET, files=files, parameters={"count": 1})
    wait_until(lambda: len(outputs(heat.stacks.get(stack_id))["ids"]) == 1)
    wait_stack(heat, stack_id, "UPDATE_COMPLETE")
    assert outputs(heat.stacks.get(stack_id))["ids"] == found["ids"][:1]

    remove(heat, stack_id)
    with pytest.raises(exc.HTTPNotFound, match=r"The Stack \(fleet\) could not be found"):
        heat.stacks.get("fleet")
    assert list(admin.compute.servers()) == list(admin.network.ports()) == []
    wait_until(lambda: all(node.provision_state == "available" for node in system.baremetal.nodes()))


def test_names_are_unique_while_a_stack_lives(heat: Any) -> None:
    stack_id = create(heat, PORTS, name="only-one")
    with pytest.raises(exc.HTTPConflict, match=r"The Stack \(only-one\) already exists\."):
        create(heat, PORTS, name="only-one")
    wait_stack(heat, stack_id, "CREATE_COMPLETE")
    remove(heat, stack_id)
    remove(heat, create(heat, PORTS, name="only-one"))


def test_no_capacity_is_a_failure_with_the_real_words(heat: Any, admin: Connection) -> None:
    stack_id = create(
        heat,
        FLEET | {"parameters": {"count": {"type": "number"}}},
        files={"machine.yaml": MACHINE},
        parameters={"count": 7},
    )
    stack = wait_stack(heat, stack_id, "CREATE_FAILED")
    assert stack.stack_status_reason.startswith("Resource CREATE failed: ResourceInError: resources.fleet.resources[")
    assert stack.stack_status_reason.endswith(
        'Went to status ERROR due to "Message: No valid host was found. , Code: 500"'
    )
    remove(heat, stack_id)
    assert list(admin.compute.servers()) == []


def test_rollback_leaves_nothing(heat: Any, admin: Connection) -> None:
    template = copy.deepcopy(PORTS)
    template["resources"]["other"] = {
        "type": "OS::Neutron::Port",
        "depends_on": "port",
        "properties": {"network": "provision", "fixed_ips": [{"ip_address": "10.1.1.1"}]},
    }
    stack_id = create(heat, template, disable_rollback=False)
    stack = wait_stack(heat, stack_id, "ROLLBACK_COMPLETE")
    states = [
        event.resource_status
        for event in heat.events.list(stack_id, sort_dir="asc")
        if event.resource_name == stack.stack_name
    ]
    assert states == ["CREATE_IN_PROGRESS", "CREATE_FAILED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"]
    assert list(admin.network.ports()) == []
    remove(heat, stack_id)


def test_update_changes_in_place_or_replaces(heat: Any, admin: Connection) -> None:
    network = admin.network.create_network(name="second-network")
    stack_id = create(heat, PORTS)
    before = outputs(wait_stack(heat, stack_id, "CREATE_COMPLETE"))["port"]

    plan = heat.stacks.preview_update(stack_id, template=PORTS, parameters={"name": "renamed"})["resource_changes"]
    assert [item["resource_name"] for item in plan["updated"]] == ["port"]
    heat.stacks.update(stack_id, template=PORTS, parameters={"name": "renamed"})
    assert outputs(wait_stack(heat, stack_id, "UPDATE_COMPLETE"))["port"] == before
    assert admin.network.get_port(before).name == "renamed"

    moved = {"name": "renamed", "network": "second-network"}
    plan = heat.stacks.preview_update(stack_id, template=PORTS, parameters=moved)["resource_changes"]
    assert [item["resource_name"] for item in plan["replaced"]] == ["port"]
    heat.stacks.update(stack_id, template=PORTS, parameters=moved)
    wait_until(lambda: outputs(heat.stacks.get(stack_id))["port"] != before)
    after = outputs(wait_stack(heat, stack_id, "UPDATE_COMPLETE"))["port"]
    assert after != before
    assert [port.id for port in admin.network.ports()] == [after]
    remove(heat, stack_id)
    admin.network.delete_network(network)


def test_an_unhealthy_resource_is_replaced_by_the_next_update(heat: Any) -> None:
    stack_id = create(heat, PORTS)
    before = outputs(wait_stack(heat, stack_id, "CREATE_COMPLETE"))["port"]
    heat.resources.mark_unhealthy(stack_id, "port", mark_unhealthy=True, resource_status_reason="burnt")
    assert heat.resources.get(stack_id, "port").resource_status_reason == "burnt"
    heat.stacks.update(stack_id, existing=True)
    assert outputs(wait_stack(heat, stack_id, "UPDATE_COMPLETE"))["port"] != before
    remove(heat, stack_id)


def test_a_failed_update_keeps_what_works_and_the_next_one_goes_on(heat: Any) -> None:
    stack_id = create(heat, PORTS)
    before = outputs(wait_stack(heat, stack_id, "CREATE_COMPLETE"))["port"]
    bad = copy.deepcopy(PORTS)
    bad["resources"]["bad"] = {
        "type": "OS::Neutron::Port",
        "properties": {"network": "provision", "fixed_ips": [{"ip_address": "10.1.1.1"}]},
    }
    heat.stacks.update(stack_id, template=bad)
    stack = wait_stack(heat, stack_id, "UPDATE_FAILED")
    assert "resources.bad: IP address 10.1.1.1 is not a valid IP" in stack.stack_status_reason
    assert outputs(stack)["port"] == before
    heat.stacks.update(stack_id, template=PORTS)
    assert outputs(wait_stack(heat, stack_id, "UPDATE_COMPLETE"))["port"] == before
    remove(heat, stack_id)


def test_stacks_of_other_projects_are_not_there(cloud: RunningCloud, heat: Any, tenant: Connection) -> None:
    stack_id = create(heat, PORTS)
    theirs = cloud.heat(tenant)
    assert list(theirs.stacks.list()) == []
    with pytest.raises(exc.HTTPNotFound):
        theirs.stacks.get(stack_id)
    assert list(tenant.network.ports()) == []
    wait_stack(heat, stack_id, "CREATE_COMPLETE")
    remove(heat, stack_id)


def test_pages_filters_and_deleted_ones(heat: Any) -> None:
    ids = [create(heat, PORTS, name=f"page-{number}", tags="pages") for number in range(3)]
    for stack_id in ids:
        wait_stack(heat, stack_id, "CREATE_COMPLETE")
    page = list(heat.stacks.list(limit=2, filters={"tags": "pages"}))
    assert [stack.id for stack in page] == ids[:0:-1]
    rest = list(heat.stacks.list(limit=2, marker=page[-1].id, filters={"tags": "pages"}))
    assert [stack.id for stack in rest] == ids[:1]
    assert [s.id for s in heat.stacks.list(filters={"name": "page-1"})] == [ids[1]]
    assert list(heat.stacks.list(filters={"status": "FAILED", "tags": "pages"})) == []
    for stack_id in ids:
        remove(heat, stack_id)
    assert list(heat.stacks.list(filters={"tags": "pages"})) == []
    assert len(list(heat.stacks.list(show_deleted=True, filters={"tags": "pages"}))) == 3


def test_preview_makes_nothing(heat: Any, admin: Connection) -> None:
    stack = heat.stacks.preview(
        stack_name="maybe", template=FLEET, files={"machine.yaml": MACHINE}, parameters={"count": 2}
    )
    kinds = [item["resource_type"] for group in stack.resources for member in group for item in member]
    assert sorted(kinds) == ["OS::Neutron::Port"] * 2 + ["OS::Nova::Server"] * 2
    assert list(admin.network.ports()) == []


def test_deleting_while_it_is_being_made(heat: Any, admin: Connection, system: Connection) -> None:
    stack_id = create(heat, FLEET, files={"machine.yaml": MACHINE}, parameters={"count": 3})
    remove(heat, stack_id)
    assert list(admin.compute.servers()) == list(admin.network.ports()) == []
    wait_until(lambda: all(node.provision_state == "available" for node in system.baremetal.nodes()))
    assert all(node.instance_id is None for node in system.baremetal.nodes(details=True))
