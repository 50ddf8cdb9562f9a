"""Nodes that nobody takes up: Nova has let go of them, and their tear-down had failed."""

import time
from collections.abc import Callable, Iterable

from services.contracts.node import Node

_TORN_DOWN_IN_VAIN = "error"


class Stranded:
    """What one process saw of such nodes, and since when. ``clock`` gives seconds."""

    def __init__(self, patience_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._patience_seconds = patience_seconds
        self._clock = clock
        self._since: dict[str, float] = {}

    def due(self, nodes: Iterable[Node]) -> list[Node]:
        """Return the nodes that have been so for longer than our patience, which begins anew for them then.

        Somebody who works on a node by hand takes it into maintenance; that one is left alone.
        """
        now = self._clock()
        found = {node.cloud_node_id: node for node in nodes if _is_stranded(node)}
        self._since = {key: self._since.get(key, now) for key in found}
        due = [node for key, node in found.items() if now - self._since[key] > self._patience_seconds]
        self._since.update(dict.fromkeys((node.cloud_node_id for node in due), now))
        return due


def _is_stranded(node: Node) -> bool:
    return node.state == _TORN_DOWN_IN_VAIN and node.instance_id is None and not node.maintenance
