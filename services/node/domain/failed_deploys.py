"""Errors of deploys, kept until their nodes are given back: Ironic forgets one with the next thing that it does."""

from collections.abc import Mapping

import msgspec

from services.contracts.node import Node

_DEPLOYED = frozenset({"deploying", "wait call-back", "deploy failed"})
_GIVEN_BACK = frozenset({"deleting", "error", "cleaning", "clean wait"})


class FailedDeploys:
    """What one process saw of each node at its last look."""

    def __init__(self) -> None:
        self._states: dict[str, str] = {}
        self._errors: dict[str, str] = {}

    def suspects(self, seen: list[Node]) -> list[str]:
        """Return the nodes at the cloud that were deployed when we looked last, and are given back without a word."""
        return [
            node.cloud_node_id
            for node in seen
            if node.state in _GIVEN_BACK
            and self._states.get(node.cloud_node_id) in _DEPLOYED
            and not node.last_error
            and node.cloud_node_id not in self._errors
        ]

    def told(self, seen: list[Node], found: Mapping[str, str]) -> list[Node]:
        """Return the nodes as they were seen, with the errors of those that failed; ``found`` are those of suspects."""
        now = {node.cloud_node_id: node for node in seen}
        fresh = {key: node.last_error for key, node in now.items() if node.state in _DEPLOYED and node.last_error}
        known = {**self._errors, **found, **fresh}
        self._states = {key: node.state for key, node in now.items()}
        kept = {key for key, node in now.items() if node.state in _GIVEN_BACK | _DEPLOYED}
        self._errors = {key: error for key, error in known.items() if key in kept}
        return [self._with_error(node) for node in seen]

    def _with_error(self, node: Node) -> Node:
        error = self._errors.get(node.cloud_node_id)
        if error is None or node.last_error or node.state not in _GIVEN_BACK:
            return node
        return msgspec.structs.replace(node, last_error=error)
