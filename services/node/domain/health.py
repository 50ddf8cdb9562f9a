"""What is wrong with a node, as a sentence that a person can act on."""

from services.contracts.node import Node, ServerHealth

_FAILED_STATES = frozenset({"deploy failed", "clean failed", "error", "inspect failed", "rescue failed"})
_GONE = "Its machine is gone: no node of the cloud carries this server any more."


def health_of(
    server_id: str, node: Node | None, *, was_placed: bool = False, was_on: Node | None = None
) -> ServerHealth:
    """Return the health of a server by the node it is on.

    One without a node is not wrong, just unplaced, unless it ``was_placed`` before: then ``was_on``, its last node,
    may tell why it has it no more, for as long as nobody else uses that one.
    """
    blamed = was_on if node is None and was_on and was_on.instance_id is None and complaint_of(was_on) else None
    lost = f"{_GONE} {complaint_of(blamed)}" if blamed else _GONE
    shown = node or blamed
    return ServerHealth(
        server_id=server_id,
        node_id=node.id if node else None,
        node_name=shown.name if shown else None,
        state=node.state if node else None,
        power=node.power if node else None,
        maintenance=node.maintenance if node else False,
        last_error=shown.last_error if shown else None,
        reason=complaint_of(node) if node else lost if was_placed else None,
    )


def complaint_of(node: Node) -> str | None:
    """Return what is wrong with a node, None if nothing is."""
    said = f": {node.last_error}" if node.last_error else ""
    if node.state in _FAILED_STATES:
        return f"Node {node.name} is in the state “{node.state}”{said}."
    if node.maintenance:
        why = f" ({node.maintenance_reason})" if node.maintenance_reason else ""
        return f"Node {node.name} is in maintenance{why}{said}."
    if node.state == "active" and node.power != "power on":
        return f"Node {node.name} is {node.power or 'in an unknown power state'}{said}."
    if node.last_error:
        return f"Node {node.name}{said}."
    return None
