"""Which fields of a node a client may set, and the JSON patches that do it."""

import copy
from typing import Any

from lab.simcloud.errors import bad_request
from lab.simcloud.ironic.records import Node

OBJECTS = ("driver_info", "properties", "extra", "instance_info")
PLAIN = [
    "name",
    "driver",
    "resource_class",
    "owner",
    "lessee",
    "description",
    "conductor_group",
    "automated_clean",
    "protected",
    "protected_reason",
    "retired",
    "retired_reason",
    "instance_uuid",
    "chassis_uuid",
    "shard",
    "maintenance",
    "maintenance_reason",
]
FLAGS = ("protected", "retired", "maintenance")
INTERFACE = "_interface"


def settable(body: dict[str, Any]) -> dict[str, Any]:
    """The fields of a new node out of a request body."""
    fields: dict[str, Any] = {key: body[key] for key in (*OBJECTS, *PLAIN) if body.get(key) is not None}
    fields["interfaces"] = {k.removesuffix(INTERFACE): v for k, v in body.items() if k.endswith(INTERFACE) and v}
    return fields


def apply_patch(node: Node, operations: list[dict[str, Any]]) -> dict[str, Any]:
    """The fields that change by the operations; 400 for fields that may not be set.

    Paths are `/field` or `/field/key` below one of the free objects.
    """
    changes: dict[str, Any] = {}
    for operation in operations:
        parts = [part.replace("~1", "/").replace("~0", "~") for part in str(operation.get("path", "")).split("/")[1:]]
        value = None if operation.get("op") == "remove" else operation.get("value")
        if not parts:
            raise bad_request("Invalid path in the patch.")
        field = parts[0]
        if field in OBJECTS:
            current = changes.get(field) or copy.deepcopy(getattr(node, field))
            changes[field] = _in_object(current, parts[1:], operation, value)
        elif field.endswith(INTERFACE):
            interfaces = changes.get("interfaces") or dict(node.interfaces)
            interfaces.pop(field.removesuffix(INTERFACE), None)
            changes["interfaces"] = interfaces | ({field.removesuffix(INTERFACE): value} if value else {})
        elif field in PLAIN:
            changes[field] = bool(value) if field in FLAGS else value
        else:
            raise bad_request(f"'/{field}' is an internal attribute and can not be updated")
    return changes


def _in_object(current: dict[str, Any], keys: list[str], operation: dict[str, Any], value: Any) -> dict[str, Any]:
    if not keys:
        return dict(value or {})
    place = current
    for key in keys[:-1]:
        place = place.setdefault(key, {})
    if operation.get("op") == "remove":
        if keys[-1] not in place:
            raise bad_request(f"can't remove a non-existent object '{keys[-1]}'")
        del place[keys[-1]]
    else:
        place[keys[-1]] = value
    return current
