"""Nova's records as its API shows them, by microversion."""

from hashlib import sha224
from typing import Any

from lab.simcloud.api.versions import Version
from lab.simcloud.neutron.networks import Networks
from lab.simcloud.nova.records import Flavor, Keypair, Server

HOST = "simcloud-compute"
STATUS = {"building": "BUILD", "active": "ACTIVE", "stopped": "SHUTOFF", "error": "ERROR"}


def status_of(server: Server) -> str:
    """The API's word for the server's state."""
    return STATUS[server.vm_state]


def links(root: str, kind: str, record_id: str) -> list[dict[str, str]]:
    """The two links that Nova adds."""
    return [
        {"rel": "self", "href": f"{root}/v2.1/{kind}/{record_id}"},
        {"rel": "bookmark", "href": f"{root}/{kind}/{record_id}"},
    ]


def addresses(server: Server, networks: Networks) -> dict[str, list[dict[str, Any]]]:
    """The server's addresses by network name."""
    shown: dict[str, list[dict[str, Any]]] = {}
    for port_id in server.ports:
        port = networks.ports.get(port_id)
        network = networks.networks.get(port.network_id) if port else None
        if port is None or network is None:
            continue
        for fixed in port.fixed_ips:
            entry = {
                "addr": fixed["ip_address"],
                "version": 4,
                "OS-EXT-IPS:type": "fixed",
                "OS-EXT-IPS-MAC:mac_addr": port.mac_address,
            }
            shown.setdefault(network.name, []).append(entry)
    return shown


def short_view(server: Server, root: str) -> dict[str, Any]:
    """A server in the short list."""
    return {"id": server.id, "name": server.name, "links": links(root, "servers", server.id)}


def server_view(
    server: Server, networks: Networks, root: str, version: Version, admin: bool, *, listed: bool = False
) -> dict[str, Any]:
    """GET /servers/{id}; listed: in a list with details, which leaves out the groups."""
    image: Any = {"id": server.image_id, "links": links(root, "images", server.image_id or "")[1:]}
    shown: dict[str, Any] = short_view(server, root) | {
        "status": status_of(server),
        "tenant_id": server.project_id,
        "user_id": server.user_id,
        "created": server.created,
        "updated": server.updated,
        "metadata": server.metadata,
        "addresses": addresses(server, networks),
        "accessIPv4": "",
        "accessIPv6": "",
        "image": image if server.image_id else "",
        "flavor": _flavor_of(server, root, version),
        "key_name": server.key_name,
        "config_drive": "True" if server.config_drive else "",
        "hostId": sha224(f"{server.project_id}{HOST}".encode()).hexdigest() if server.node_id else "",
        "OS-DCF:diskConfig": "MANUAL",
        "OS-EXT-AZ:availability_zone": server.availability_zone or ("nova" if server.node_id else ""),
        "OS-EXT-STS:vm_state": server.vm_state,
        "OS-EXT-STS:task_state": server.task_state,
        "OS-EXT-STS:power_state": server.power_state,
        "OS-SRV-USG:launched_at": server.launched_at and server.launched_at.rstrip("Z") + ".000000",
        "OS-SRV-USG:terminated_at": None,
        "os-extended-volumes:volumes_attached": [],
    }
    if server.node_id or server.vm_state != "error":
        shown["security_groups"] = [{"name": "default"}]
    if status_of(server) in ("ACTIVE", "BUILD"):
        shown["progress"] = 100 if server.vm_state == "active" else 0
    if server.fault and server.vm_state == "error":
        shown["fault"] = {key: server.fault[key] for key in ("code", "created", "message")}
    if admin:
        shown |= _admin_part(server, version)
        shown |= {"fault": server.fault} if "fault" in shown else {}
    shown |= _newer_part(server, version)
    if listed:
        shown.pop("server_groups", None)
    return shown


def _admin_part(server: Server, version: Version) -> dict[str, Any]:
    part: dict[str, Any] = {
        "OS-EXT-SRV-ATTR:host": HOST if server.node_id else None,
        "OS-EXT-SRV-ATTR:hypervisor_hostname": server.node_id,
        "OS-EXT-SRV-ATTR:instance_name": f"instance-{server.id[:8]}",
    }
    if version >= (2, 3):
        part |= {"OS-EXT-SRV-ATTR:hostname": server.hostname, "OS-EXT-SRV-ATTR:launch_index": 0}
        part |= {
            "OS-EXT-SRV-ATTR:user_data": server.user_data,
            "OS-EXT-SRV-ATTR:root_device_name": "/dev/sda" if server.node_id else None,
        }
        part |= {"OS-EXT-SRV-ATTR:kernel_id": "", "OS-EXT-SRV-ATTR:ramdisk_id": ""}
        part |= {"OS-EXT-SRV-ATTR:reservation_id": f"r-{server.id[:8]}"}
    if version >= (2, 16):
        part["host_status"] = "UP" if server.node_id else ""
    return part


def _newer_part(server: Server, version: Version) -> dict[str, Any]:
    fields: tuple[tuple[Version, str, Any], ...] = (
        ((2, 9), "locked", server.locked),
        ((2, 19), "description", server.description),
        ((2, 26), "tags", server.tags),
        ((2, 63), "trusted_image_certificates", None),
        ((2, 71), "server_groups", []),
        ((2, 73), "locked_reason", server.locked_reason),
        ((2, 90), "OS-EXT-SRV-ATTR:hostname", server.hostname),
        ((2, 96), "pinned_availability_zone", server.availability_zone or None),
        ((2, 100), "scheduler_hints", {}),
    )
    return {name: value for since, name, value in fields if version >= since}


def _flavor_of(server: Server, root: str, version: Version) -> dict[str, Any]:
    if version >= (2, 47):
        return {key: value for key, value in server.flavor.items() if key != "id"}
    return {"id": server.flavor["id"], "links": links(root, "flavors", server.flavor["id"])}


def flavor_view(flavor: Flavor, root: str, version: Version, detail: bool = True) -> dict[str, Any]:
    """GET /flavors/{id}"""
    shown: dict[str, Any] = {"id": flavor.id, "name": flavor.name, "links": links(root, "flavors", flavor.id)}
    if version >= (2, 55):
        shown["description"] = flavor.description
    if not detail:
        return shown
    shown |= {
        "ram": flavor.ram,
        "vcpus": flavor.vcpus,
        "disk": flavor.disk,
        "swap": flavor.swap or (0 if version >= (2, 75) else ""),
        "rxtx_factor": flavor.rxtx_factor,
        "OS-FLV-EXT-DATA:ephemeral": flavor.ephemeral,
        "OS-FLV-DISABLED:disabled": False,
        "os-flavor-access:is_public": flavor.is_public,
    }
    if version >= (2, 61):
        shown["extra_specs"] = flavor.extra_specs
    return shown


def keypair_view(pair: Keypair, version: Version) -> dict[str, Any]:
    """GET /os-keypairs/{name}"""
    shown = {"name": pair.name, "public_key": pair.public_key, "fingerprint": pair.fingerprint}
    return shown | ({"type": pair.type} if version >= (2, 2) else {})
