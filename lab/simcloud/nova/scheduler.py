"""Which node a server gets: the first that is available, healthy and of the flavor's class."""

import re
from collections.abc import Iterable
from itertools import chain

from lab.simcloud.ironic.nodes import Nodes
from lab.simcloud.ironic.records import Node
from lab.simcloud.nova.records import Server


def custom_class(resource_class: str) -> str:
    """Placement's name of an Ironic resource class: `bm.general` is `CUSTOM_BM_GENERAL`."""
    return "CUSTOM_" + re.sub(r"[^A-Z0-9]", "_", resource_class.upper())


def schedulable(node: Node) -> bool:
    """Whether Nova would offer the node at all. Source: nova-compute's Ironic driver (power must be known)."""
    return (
        node.provision_state == "available"
        and not node.maintenance
        and not node.retired
        and node.instance_uuid is None
        and node.power_state is not None
        and node.resource_class is not None
    )


class Scheduler:
    """Chooses and claims nodes. Both happen without a pause between, so no node is given twice."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes

    def claim(self, server: Server) -> Node | None:
        """Binds a free node to the server, or answers None if there is none."""
        amounts = {k: v for k, v in _specs(server).items() if k.startswith("resources:CUSTOM_")}
        if set(amounts.values()) != {"1"}:
            return None
        classes = {key.removeprefix("resources:") for key in amounts}
        traits = {k.removeprefix("trait:") for k, v in _specs(server).items() if v == "required"}
        for node in self._candidates(server, classes):
            if self._fits(server, node, classes, traits):
                return self._nodes.change(node.id, instance_uuid=server.id)
        return None

    def _candidates(self, server: Server, classes: set[str]) -> Iterable[Node]:
        nodes = self._nodes.table
        if server.wanted_node:
            named = nodes.get(server.wanted_node) or nodes.first(name=server.wanted_node)
            return [named] if named else []
        wanted = [name for name in nodes.values("resource_class") if name and custom_class(name) in classes]
        free = {"provision_state": "available", "instance_uuid": None}
        return chain.from_iterable(nodes.each(resource_class=name, **free) for name in wanted)

    @staticmethod
    def _fits(server: Server, node: Node, classes: set[str], traits: set[str]) -> bool:
        if not schedulable(node) or node.reservation or node.id in server.failed_nodes:
            return False
        if server.wanted_node and server.wanted_node not in (node.id, node.name):
            return False
        return custom_class(node.resource_class or "") in classes and traits <= set(node.traits)


def _specs(server: Server) -> dict[str, str]:
    specs: dict[str, str] = server.flavor.get("extra_specs") or {}
    return specs
