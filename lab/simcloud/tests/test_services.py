"""Nova, Neutron, Glance and Placement, by openstacksdk."""

import base64
from typing import Any

import pytest
from openstack import exceptions
from openstack.connection import Connection

from lab.simcloud.tests.running import CLOUD_PORTS, RunningCloud, wait_until
from tests.support.ports import free_range


def order(connection: Connection, name: str, **fields: Any) -> Any:
    """A server on the shared network."""
    image, flavor = connection.image.find_image("bm-image"), connection.compute.find_flavor("bm.general")
    network = connection.network.find_network("provision")
    body: dict[str, Any] = {"networks": [{"uuid": network.id}], **fields}
    return connection.compute.create_server(name=name, image_id=image.id, flavor_id=flavor.id, **body)


def remove(connection: Connection, server: Any) -> None:
    connection.compute.delete_server(server)
    wait_until(lambda: connection.compute.find_server(server.id) is None)


def test_a_server_of_a_member(tenant: Connection, admin: Connection, system: Connection) -> None:
    server = order(tenant, "mine")
    states: list[tuple[str, str | None]] = []

    def active() -> bool:
        seen = tenant.compute.get_server(server.id)
        if (seen.status, seen.task_state) not in states:
            states.append((seen.status, seen.task_state))
        return bool(seen.status == "ACTIVE")

    wait_until(active)
    assert states[0][0] == "BUILD"
    assert states[-1] == ("ACTIVE", None)
    assert [s.id for s in tenant.compute.servers()] == [server.id]
    assert list(admin.compute.servers()) == []
    assert [s.id for s in admin.compute.servers(all_projects=True)] == [server.id]
    node = next(n for n in system.baremetal.nodes(details=True) if n.instance_id == server.id)
    assert node.provision_state == "active"
    assert len(list(tenant.network.ports(device_id=server.id))) == 1
    remove(tenant, server)
    assert list(tenant.network.ports()) == []


def test_only_administrators_pin_a_node(tenant: Connection, admin: Connection, system: Connection) -> None:
    with pytest.raises(exceptions.ForbiddenException, match="requested_destination"):
        order(tenant, "pinned", hypervisor_hostname="x")
    node = list(system.baremetal.nodes())[-1]
    server = order(admin, "pinned", hypervisor_hostname=node.id)
    wait_until(lambda: admin.compute.get_server(server.id).status == "ACTIVE")
    assert admin.compute.get_server(server.id).hypervisor_hostname == node.id
    remove(admin, server)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"key_name": "nobodys"}, "Invalid key_name"),
        ({"user_data": "%%%"}, "must be base64"),
        ({"user_data": base64.b64encode(b"x" * 60000).decode()}, "too long"),
        ({"networks": [{"port": "nowhere"}]}, "Port id nowhere could not be found"),
        ({"networks": [{"uuid": "nowhere"}]}, "Network nowhere could not be found"),
        ({"flavor_id": "huge"}, "Flavor huge could not be found"),
        ({"image_id": "none"}, "Can not find requested image"),
    ],
)
def test_what_is_wrong_with_a_server_is_said(admin: Connection, fields: dict[str, Any], words: str) -> None:
    with pytest.raises(exceptions.BadRequestException, match=words):
        image, flavor = admin.image.find_image("bm-image"), admin.compute.find_flavor("bm.general")
        network = admin.network.find_network("provision")
        body: dict[str, Any] = {"image_id": image.id, "flavor_id": flavor.id, "networks": [{"uuid": network.id}]}
        admin.compute.create_server(name="wrong", **(body | fields))
    assert list(admin.compute.servers()) == list(admin.network.ports()) == []


def test_a_port_in_use_is_not_given_twice(admin: Connection) -> None:
    port = admin.network.create_port(network_id=admin.network.find_network("provision").id)
    server = order(admin, "first", networks=[{"port": port.id}])
    with pytest.raises(exceptions.ConflictException, match="still in use"):
        order(admin, "second", networks=[{"port": port.id}])
    remove(admin, server)
    assert admin.network.get_port(port.id).device_id == ""
    admin.network.delete_port(port)


def test_addresses(admin: Connection, tenant: Connection) -> None:
    network = tenant.network.create_network(name="small")
    subnet = tenant.network.create_subnet(network_id=network.id, cidr="192.0.2.0/30", ip_version=4, gateway_ip=None)
    ports = [tenant.network.create_port(network_id=network.id) for _ in range(2)]
    assert [port.fixed_ips[0]["ip_address"] for port in ports] == ["192.0.2.1", "192.0.2.2"]
    with pytest.raises(exceptions.ConflictException, match="No more IP addresses"):
        tenant.network.create_port(network_id=network.id)
    shared = admin.network.find_network("provision")
    wanted = [{"ip_address": "10.99.0.150"}]
    taken = tenant.network.create_port(network_id=shared.id, fixed_ips=wanted)
    with pytest.raises(exceptions.ConflictException, match=r"10\.99\.0\.150 already allocated"):
        tenant.network.create_port(network_id=shared.id, fixed_ips=wanted)
    with pytest.raises(exceptions.ConflictException, match="ports still in use"):
        tenant.network.delete_network(network)
    for port in (*ports, taken):
        tenant.network.delete_port(port)
    tenant.network.delete_subnet(subnet)
    tenant.network.delete_network(network)
    with pytest.raises(exceptions.ForbiddenException):
        tenant.network.delete_network(shared)


def test_images_and_key_pairs(admin: Connection, tenant: Connection) -> None:
    image = admin.image.create_image(name="data", data=b"abc", disk_format="raw", container_format="bare")
    assert admin.image.download_image(image).content == b"abc"
    assert tenant.image.find_image("data") is None
    assert tenant.image.find_image("bm-image").visibility == "public"
    admin.image.delete_image(image)
    made = tenant.compute.create_keypair(name="made")
    assert "OPENSSH PRIVATE KEY" in made.private_key
    with pytest.raises(exceptions.ConflictException, match="already exists"):
        tenant.compute.create_keypair(name="made")
    assert list(admin.compute.keypairs()) == []
    tenant.compute.delete_keypair("made")


def test_placement_shows_what_is_free(admin: Connection, tenant: Connection, system: Connection) -> None:
    node = next(iter(system.baremetal.nodes(provision_state="available")))
    inventory = next(iter(admin.placement.resource_provider_inventories(node.id)))
    assert (inventory.resource_class, inventory.total, inventory.reserved) == ("CUSTOM_BM_GENERAL", 1, 0)
    system.baremetal.set_node_maintenance(node)
    assert next(iter(admin.placement.resource_provider_inventories(node.id))).reserved == 1
    system.baremetal.unset_node_maintenance(node)
    found = admin.placement.get(
        "/allocation_candidates?resources=CUSTOM_BM_GENERAL:1", headers={"OpenStack-API-Version": "placement 1.36"}
    ).json()
    assert node.id in found["provider_summaries"]
    with pytest.raises(exceptions.ForbiddenException):
        list(tenant.placement.resource_providers())


def test_two_clouds_side_by_side(cloud: RunningCloud, tmp_path: Any) -> None:
    other = RunningCloud("omega", tmp_path / "state", free_range(CLOUD_PORTS), "10.97.0.0/24")
    other.start()
    try:
        subnet = next(iter(other.connect("admin").network.subnets()))
        assert (subnet.cidr, subnet.allocation_pools[0]["start"]) == ("10.97.0.0/24", "10.97.0.10")
        with pytest.raises(exceptions.SDKException, match="HTTP 401"):
            secret = other.connect("admin").config.auth["password"]
            cloud.connect_as(username="admin", password=secret, project_name="admin").authorize()
    finally:
        assert other.stop() == 0
