"""Neutron: networks, subnets and ports as templates and doctor use them."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.openstack.api import Api
from tests.contract.openstack.cloud import Cloud
from tests.contract.openstack.stage import NAME, Stage
from tests.contract.openstack.witness import Witness

NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def network(member: Api) -> Iterator[Any]:
    """A network of the project with four addresses, of which two are free."""
    made = member.post("network", "/v2.0/networks", {"network": {"name": f"{NAME}-small"}}).of(201)["network"]
    body = {"network_id": made["id"], "cidr": "192.0.2.0/30", "ip_version": 4, "gateway_ip": None, "enable_dhcp": False}
    subnet = member.post("network", "/v2.0/subnets", {"subnet": body})
    yield made | {"made": subnet}
    for port in member.get("network", f"/v2.0/ports?network_id={made['id']}").of(200)["ports"]:
        member.delete("network", f"/v2.0/ports/{port['id']}").of(204)
    member.delete("network", f"/v2.0/networks/{made['id']}").of(204)


def make_port(member: Api, network_id: str, **fields: Any) -> Any:
    return member.post("network", "/v2.0/ports", {"port": {"network_id": network_id, **fields}})


def test_the_shared_network(member: Api, admin: Api, cloud: Cloud, stage: Stage, witness: Witness) -> None:
    found = witness.see("neutron/network-by-name", member.get("network", f"/v2.0/networks?name={cloud.network}"))
    assert [network["id"] for network in found["networks"]] == [stage.network_id]
    witness.see("neutron/network-admin", admin.get("network", f"/v2.0/networks/{stage.network_id}"))
    witness.see("neutron/subnets", member.get("network", f"/v2.0/subnets?network_id={stage.network_id}"))


def test_a_network_of_ones_own(member: Api, network: Any, witness: Witness) -> None:
    witness.see("neutron/network-own", member.get("network", f"/v2.0/networks/{network['id']}"))
    witness.see("neutron/subnet-made", network["made"])


def test_ports_get_addresses_until_there_are_none(member: Api, network: Any, witness: Witness) -> None:
    ports = [make_port(member, network["id"], name=f"{NAME}-{number}") for number in range(2)]
    witness.see("neutron/port-made", ports[0])
    assert {port.body["port"]["fixed_ips"][0]["ip_address"] for port in ports} == {"192.0.2.1", "192.0.2.2"}
    witness.see("neutron/no-more-addresses", make_port(member, network["id"]))
    witness.see("neutron/network-in-use", member.delete("network", f"/v2.0/networks/{network['id']}"))


def test_an_address_is_given_once(member: Api, network: Any, witness: Witness) -> None:
    wanted = [{"ip_address": "192.0.2.2"}]
    make_port(member, network["id"], fixed_ips=wanted).of(201)
    witness.see("neutron/address-used", make_port(member, network["id"], fixed_ips=wanted))
    foreign = [{"ip_address": "198.51.100.1"}]
    witness.see("neutron/address-foreign", make_port(member, network["id"], fixed_ips=foreign))


def test_ports_come_in_pages(member: Api, network: Any) -> None:
    made = {make_port(member, network["id"]).of(201)["port"]["id"] for _ in range(2)}
    path = f"/v2.0/ports?network_id={network['id']}&limit=1&sort_key=id&sort_dir=asc"
    first = member.get("network", path).of(200)
    assert "next" in {link["rel"] for link in first["ports_links"]}
    second = member.get("network", f"{path}&marker={first['ports'][0]['id']}").of(200)
    assert {page["ports"][0]["id"] for page in (first, second)} == made


def test_what_is_not_there(member: Api, witness: Witness) -> None:
    for noun in ("networks", "subnets", "ports", "security-groups"):
        witness.see(f"neutron/missing-{noun}", member.get("network", f"/v2.0/{noun}/{NOWHERE}"))
    witness.see("neutron/missing-network-of-port", make_port(member, NOWHERE))


def test_the_shared_network_is_not_the_projects(member: Api, stage: Stage, witness: Witness) -> None:
    path = f"/v2.0/networks/{stage.network_id}"
    witness.see("neutron/forbidden-delete", member.delete("network", path))
    change = {"network": {"name": "mine"}}
    witness.see("neutron/forbidden-change", member.put("network", path, change))


def test_quotas_and_groups(member: Api, stage: Stage, witness: Witness) -> None:
    witness.see("neutron/quota", member.get("network", f"/v2.0/quotas/{stage.project_id}"))
    witness.see("neutron/groups", member.get("network", "/v2.0/security-groups"))
    witness.see("neutron/extensions", member.get("network", "/v2.0/extensions/port-security"))
