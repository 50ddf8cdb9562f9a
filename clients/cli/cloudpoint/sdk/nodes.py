"""Machines of all clouds, for operators."""

from collections.abc import Iterator
from typing import Any

from cloudpoint.generated import types
from cloudpoint.sdk.transport import Transport


class Nodes:
    """Nodes (operator's address)."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, **filters: Any) -> Iterator[types.Node]:
        """Yield nodes by name; ``filters`` are cloud_id, state, resource_class, power, maintenance."""
        return self._transport.pages("/v1/nodes", types.Node, filters)

    def show(self, node: str) -> types.Node:
        """Return a node, by id or name."""
        return self._transport.call("GET", f"/v1/nodes/{node}", types.Node)

    def power(self, node: str, target: str) -> types.Node:
        """Switch a node ``on``, ``off``, ``soft-off``, or ``reboot`` it."""
        return self._transport.call("POST", f"/v1/nodes/{node}/power", types.Node, {"target": target})

    def begin_maintenance(self, node: str, reason: str) -> types.Node:
        """Take a node into maintenance."""
        return self._transport.call("PUT", f"/v1/nodes/{node}/maintenance", types.Node, {"reason": reason})

    def end_maintenance(self, node: str) -> types.Node:
        """Take a node out of maintenance."""
        return self._transport.call("DELETE", f"/v1/nodes/{node}/maintenance", types.Node)
