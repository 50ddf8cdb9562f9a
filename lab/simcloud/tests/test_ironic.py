"""Nodes as operators and tenants see them, by openstacksdk and ironicclient."""

from typing import Any

import pytest
from ironicclient import client as ironic_client
from ironicclient import exc as ironic_errors
from openstack import exceptions
from openstack.connection import Connection

from lab.simcloud.tests.running import RunningCloud, enrol, wait_node, wait_until


def test_a_project_sees_only_nodes_that_it_owns_or_leases(system: Connection, tenant: Connection) -> None:
    assert len(list(system.baremetal.nodes())) >= 6
    assert list(tenant.baremetal.nodes()) == []
    node = next(iter(system.baremetal.nodes()))
    with pytest.raises(exceptions.NotFoundException, match="could not be found"):
        tenant.baremetal.get_node(node.id)
    system.baremetal.update_node(node.id, lessee=tenant.current_project_id)
    assert [seen.id for seen in tenant.baremetal.nodes()] == [node.id]
    system.baremetal.patch_node(node.id, [{"op": "remove", "path": "/lessee"}])


def test_the_way_from_enroll_to_available(system: Connection) -> None:
    node = system.baremetal.create_node(name="walker", driver="fake-hardware", resource_class="other")
    assert (node.provision_state, node.power_state) == ("enroll", None)
    with pytest.raises(exceptions.BadRequestException, match='"provide" can not be performed'):
        system.baremetal.set_node_provision_state(node, "provide")
    system.baremetal.set_node_provision_state(node, "manage")
    assert wait_node(system, node.id, "manageable").power_state == "power off"
    system.baremetal.set_node_provision_state(node, "provide")
    wait_node(system, node.id, "available")
    system.baremetal.delete_node(node)
    with pytest.raises(exceptions.NotFoundException):
        system.baremetal.get_node("walker")


def test_a_locked_node_answers_409(cloud: RunningCloud, system: Connection) -> None:
    node = enrol(system, "locked", resource_class="other")
    url = f"http://127.0.0.1:{cloud.base_port + 6}/v1/nodes/{node.id}/states/power"
    answers = [system.session.put(url, json={"target": "power on"}, raise_exc=False) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 409]
    assert "is locked by host gamma-conductor, please retry" in answers[1].text
    wait_until(lambda: system.baremetal.get_node(node.id).power_state == "power on")
    system.baremetal.delete_node(wait_node(system, node.id, "available"))


def test_maintenance_keeps_its_reason_and_forbids_deploying(system: Connection) -> None:
    node = enrol(system, "broken", resource_class="other")
    system.baremetal.set_node_maintenance(node, reason="bad fan")
    seen = system.baremetal.get_node(node.id)
    assert (seen.is_maintenance, seen.maintenance_reason) == (True, "bad fan")
    with pytest.raises(exceptions.BadRequestException, match="maintenance mode"):
        system.baremetal.set_node_provision_state(node, "active")
    system.baremetal.unset_node_maintenance(node)
    system.baremetal.delete_node(node)


def test_filters_fields_and_pages(system: Connection) -> None:
    everything = [node.id for node in system.baremetal.nodes()]
    assert [node.id for node in system.baremetal.nodes(limit=2)] == everything
    free = list(system.baremetal.nodes(provision_state="available", associated=False, maintenance=False))
    assert {node.provision_state for node in free} == {"available"}
    assert list(system.baremetal.nodes(resource_class="no-such-class")) == []
    slim = next(iter(system.baremetal.nodes(fields=["uuid", "power_state"])))
    assert slim.power_state == "power off"
    assert slim.name is None


def test_traits_ports_and_validation(cloud: RunningCloud, system: Connection) -> None:
    node = enrol(system, "rich", resource_class="other", properties={"cpus": 8})
    port = system.baremetal.create_port(node_id=node.id, address="52:54:00:AA:BB:CC")
    assert port.address == "52:54:00:aa:bb:cc"
    again = {"node_uuid": node.id, "address": "52:54:00:aa:bb:cc"}
    url = f"http://127.0.0.1:{cloud.base_port + 6}/v1/ports"
    assert system.session.post(url, json=again, raise_exc=False).status_code == 409
    system.baremetal.set_node_traits(node, ["CUSTOM_GPU"])
    assert system.baremetal.get_node(node.id).traits == ["CUSTOM_GPU"]
    assert system.baremetal.validate_node(node)["power"].result
    broken = system.baremetal.create_node(name="no-address", driver="redfish")
    with pytest.raises(exceptions.ValidationException, match="redfish_address"):
        system.baremetal.validate_node(broken)
    for each in (node, broken):
        system.baremetal.delete_node(each)
    assert all(seen.node_id != node.id for seen in system.baremetal.ports(details=True))


def test_ironicclient_works_too(cloud: RunningCloud, system: Connection) -> None:
    client: Any = ironic_client.get_client(1, session=system.session, region_name=cloud.name)
    assert {node.name for node in client.node.list(detail=True)} >= {"node-0", "node-5"}
    assert [conductor.hostname for conductor in client.conductor.list()] == ["gamma-conductor"]
    assert {driver.name for driver in client.driver.list()} == {"fake-hardware", "redfish"}
    with pytest.raises(ironic_errors.NotFound, match="Node nowhere could not be found"):
        client.node.get("nowhere")
    with pytest.raises(ironic_errors.BadRequest, match="No conductor service registered"):
        client.node.create(driver="ipmi")


def test_an_unknown_api_version_is_406(cloud: RunningCloud, system: Connection) -> None:
    answer = system.session.get(
        f"http://127.0.0.1:{cloud.base_port + 6}/v1/nodes",
        headers={"X-OpenStack-Ironic-API-Version": "1.999"},
        raise_exc=False,
    )
    assert answer.status_code == 406
    assert answer.headers["X-OpenStack-Ironic-API-Maximum-Version"].startswith("1.")
