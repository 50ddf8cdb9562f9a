"""Nodes as Ironic might show them."""

from datetime import UTC, datetime
from typing import Any

from services.contracts.node import Node


def machine(number: int, **fields: Any) -> Node:
    """Return a free node ``bm-<number>`` of cloud alpha; ``fields`` say what is different about it."""
    usual: dict[str, Any] = {
        "id": "",
        "cloud_id": "alpha",
        "cloud_node_id": f"uuid-{number:04}",
        "name": f"bm-{number:04}",
        "resource_class": "bm.general",
        "state": "available",
        "power": "power off",
        "maintenance": False,
        "maintenance_reason": None,
        "last_error": None,
        "instance_id": None,
        "seen_at": datetime.now(UTC),
    }
    return Node(**{**usual, **fields})
