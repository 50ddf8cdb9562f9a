"""Ironic's records as its API shows them, field by field as old as the client asks for."""

from typing import Any

from lab.simcloud.api.versions import Version
from lab.simcloud.clock import offset_stamp
from lab.simcloud.ironic.records import BaremetalPort, Node, NodeError

DEFAULT_INTERFACES = {
    "fake-hardware": {
        "bios": "no-bios",
        "boot": "fake",
        "console": "no-console",
        "deploy": "fake",
        "firmware": "no-firmware",
        "inspect": "no-inspect",
        "management": "fake",
        "network": "noop",
        "power": "fake",
        "raid": "no-raid",
        "rescue": "no-rescue",
        "storage": "noop",
        "vendor": "no-vendor",
    },
    "redfish": {
        "bios": "no-bios",
        "boot": "redfish-virtual-media",
        "console": "no-console",
        "deploy": "ramdisk",
        "firmware": "no-firmware",
        "inspect": "no-inspect",
        "management": "redfish",
        "network": "noop",
        "power": "redfish",
        "raid": "no-raid",
        "rescue": "no-rescue",
        "storage": "noop",
        "vendor": "no-vendor",
    },
}

# Source: Ironic's "REST API Version History".
NAMED_AVAILABLE: Version = (1, 2)
LINKED_SINCE_MINOR = {"ports": 1, "states": 14, "portgroups": 24, "volume": 32}
SINCE_MINOR = {
    "name": 5,
    "inspection_finished_at": 6,
    "inspection_started_at": 6,
    "driver_internal_info": 3,
    "clean_step": 7,
    "raid_config": 12,
    "target_raid_config": 12,
    "network_interface": 20,
    "resource_class": 21,
    "boot_interface": 31,
    "console_interface": 31,
    "deploy_interface": 31,
    "inspect_interface": 31,
    "management_interface": 31,
    "power_interface": 31,
    "raid_interface": 31,
    "vendor_interface": 31,
    "storage_interface": 33,
    "traits": 37,
    "rescue_interface": 38,
    "bios_interface": 40,
    "fault": 42,
    "deploy_step": 44,
    "conductor_group": 46,
    "automated_clean": 47,
    "protected": 48,
    "protected_reason": 48,
    "conductor": 49,
    "owner": 50,
    "description": 51,
    "allocation_uuid": 52,
    "retired": 61,
    "retired_reason": 61,
    "lessee": 65,
    "network_data": 66,
    "boot_mode": 75,
    "secure_boot": 75,
    "shard": 82,
    "parent_node": 83,
    "firmware_interface": 86,
    "service_step": 87,
    "disable_power_off": 95,
    "instance_name": 104,
    "health": 109,
}
SHORT = ("uuid", "name", "instance_uuid", "power_state", "provision_state", "maintenance")
PLAIN = [
    "name",
    "driver",
    "driver_info",
    "driver_internal_info",
    "properties",
    "extra",
    "instance_info",
    "instance_uuid",
    "resource_class",
    "traits",
    "provision_state",
    "target_provision_state",
    "power_state",
    "target_power_state",
    "maintenance",
    "maintenance_reason",
    "fault",
    "last_error",
    "reservation",
    "deploy_step",
    "clean_step",
    "owner",
    "lessee",
    "description",
    "conductor_group",
    "automated_clean",
    "protected",
    "protected_reason",
    "retired",
    "retired_reason",
    "chassis_uuid",
    "shard",
]
CONSTANT: dict[str, Any] = {
    "allocation_uuid": None,
    "boot_mode": None,
    "secure_boot": None,
    "console_enabled": False,
    "inspection_finished_at": None,
    "inspection_started_at": None,
    "network_data": {},
    "parent_node": None,
    "raid_config": {},
    "target_raid_config": {},
    "service_step": {},
    "disable_power_off": False,
    "health": None,
}


def _whole(node: Node, conductor: str) -> dict[str, Any]:
    interfaces = DEFAULT_INTERFACES[node.driver] | node.interfaces
    shown = {field: getattr(node, field) for field in PLAIN} | CONSTANT
    shown |= {f"{kind}_interface": name for kind, name in interfaces.items()}
    shown["driver_info"] = {k: "******" if "password" in k else v for k, v in node.driver_info.items()}
    shown["instance_info"] = {k: v for k, v in node.instance_info.items() if k != "configdrive"}
    shown |= {
        "uuid": node.id,
        "conductor": conductor,
        "instance_name": node.instance_info.get("display_name"),
        "created_at": offset_stamp(node.created_at),
        "updated_at": offset_stamp(node.updated_at),
        "provision_updated_at": offset_stamp(node.provision_updated_at),
    }
    return shown


def links(root: str, kind: str, record_id: str) -> list[dict[str, str]]:
    """The two links that Ironic adds to everything."""
    return [
        {"rel": "self", "href": f"{root}/v1/{kind}/{record_id}"},
        {"rel": "bookmark", "href": f"{root}/{kind}/{record_id}"},
    ]


def node_view(
    node: Node, root: str, conductor: str, version: Version, fields: list[str] | None = None, detail: bool = True
) -> dict[str, Any]:
    """A node: some fields, all of them, or the short form of lists."""
    whole = _whole(node, conductor)
    chosen = fields or (list(whole) if detail else list(SHORT))
    shown = {f: whole[f] for f in chosen if f in whole and SINCE_MINOR.get(f, 1) <= version[1]}
    if "provision_state" in shown and version < NAMED_AVAILABLE and shown["provision_state"] == "available":
        shown["provision_state"] = None
    shown["links"] = links(root, "nodes", node.id)
    if fields is None and detail:
        below = [name for name, since in LINKED_SINCE_MINOR.items() if since <= version[1]]
        shown |= {name: links(root, f"nodes/{node.id}", name) for name in below}
    return shown


def states_view(node: Node) -> dict[str, Any]:
    """GET /v1/nodes/{id}/states"""
    fields = ("power_state", "target_power_state", "provision_state", "target_provision_state", "last_error")
    return {field: getattr(node, field) for field in fields} | {
        "console_enabled": False,
        "provision_updated_at": offset_stamp(node.provision_updated_at),
        "raid_config": {},
        "target_raid_config": {},
        "boot_mode": None,
        "secure_boot": None,
    }


def error_view(error: NodeError, root: str) -> dict[str, Any]:
    """An entry of a node's history."""
    return {
        "uuid": error.id,
        "created_at": offset_stamp(error.created_at),
        "severity": "ERROR",
        "event": error.event,
        "links": [{"rel": "self", "href": f"{root}/v1/nodes/{error.node_uuid}/history/{error.id}"}],
    }


def port_view(port: BaremetalPort, root: str, fields: list[str] | None = None, detail: bool = True) -> dict[str, Any]:
    """A network interface of a machine."""
    whole = {
        "uuid": port.id,
        "address": port.address,
        "node_uuid": port.node_uuid,
        "name": port.name,
        "physical_network": port.physical_network,
        "pxe_enabled": port.pxe_enabled,
        "local_link_connection": port.local_link_connection,
        "extra": port.extra,
        "internal_info": {},
        "portgroup_uuid": None,
        "is_smartnic": False,
        "created_at": offset_stamp(port.created_at),
        "updated_at": offset_stamp(port.updated_at),
        "links": links(root, "ports", port.id),
    }
    chosen = fields or (list(whole) if detail else ["uuid", "address", "links"])
    return {field: whole[field] for field in chosen if field in whole}
