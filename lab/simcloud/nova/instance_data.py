"""What a server's config drive says. Source: Nova's documentation of the metadata service and config drives."""

import base64
import json
from ipaddress import IPv4Network
from typing import Any

from lab.simcloud.neutron.networks import Networks
from lab.simcloud.neutron.records import Port, Subnet
from lab.simcloud.nova.records import Server


def drive_files(server: Server, networks: Networks) -> dict[str, bytes]:
    """The files below `openstack/latest`."""
    files = {
        "meta_data.json": json.dumps(_meta_data(server)).encode(),
        "network_data.json": json.dumps(_network_data(server, networks)).encode(),
        "vendor_data.json": b"{}",
        "vendor_data2.json": b"{}",
    }
    if server.user_data:
        files["user_data"] = base64.b64decode(server.user_data)
    return files


def _meta_data(server: Server) -> dict[str, Any]:
    data: dict[str, Any] = {
        "uuid": server.id,
        "name": server.name,
        "hostname": server.hostname,
        "project_id": server.project_id,
        "availability_zone": server.availability_zone or "nova",
        "launch_index": 0,
        "random_seed": server.random_seed,
        "devices": [],
        "dedicated_cpus": [],
    }
    if server.metadata:
        data["meta"] = server.metadata
    if server.key_name and server.public_key:
        data["public_keys"] = {server.key_name: server.public_key}
        data["keys"] = [{"name": server.key_name, "type": "ssh", "data": server.public_key}]
    return data


def _network_data(server: Server, networks: Networks) -> dict[str, Any]:
    ports = [port for port_id in server.ports if (port := networks.ports.get(port_id))]
    links = [_link(port, networks) for port in ports]
    shown: list[dict[str, Any]] = []
    servers: list[str] = []
    for port in ports:
        for fixed in port.fixed_ips:
            subnet = networks.subnets.get(fixed["subnet_id"])
            if subnet:
                shown.append(_network(len(shown), port, fixed["ip_address"], subnet))
                servers += [name for name in subnet.dns_nameservers if name not in servers]
    return {"links": links, "networks": shown, "services": [{"type": "dns", "address": name} for name in servers]}


def _link_id(port: Port) -> str:
    return f"tap{port.id[:11]}"


def _link(port: Port, networks: Networks) -> dict[str, Any]:
    network = networks.networks.get(port.network_id)
    return {
        "id": _link_id(port),
        "vif_id": port.id,
        "type": "phy",
        "mtu": network.mtu if network else 1500,
        "ethernet_mac_address": port.mac_address,
    }


def _network(index: int, port: Port, address: str, subnet: Subnet) -> dict[str, Any]:
    routes = [
        {"network": str(net.network_address), "netmask": str(net.netmask), "gateway": route["nexthop"]}
        for route in subnet.host_routes
        for net in [IPv4Network(route["destination"])]
    ]
    if subnet.gateway_ip:
        routes.insert(0, {"network": "0.0.0.0", "netmask": "0.0.0.0", "gateway": subnet.gateway_ip})
    return {
        "id": f"network{index}",
        "type": "ipv4",
        "link": _link_id(port),
        "network_id": port.network_id,
        "ip_address": address,
        "netmask": str(IPv4Network(subnet.cidr).netmask),
        "routes": routes,
        "services": [{"type": "dns", "address": name} for name in subnet.dns_nameservers],
    }
