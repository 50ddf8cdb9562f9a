"""Nodes, their ports and errors, the lock on a node, and who may see it."""

import sqlite3
from typing import Any

from lab.simcloud.caller import Caller
from lab.simcloud.clock import stamp
from lab.simcloud.errors import bad_request, conflict, not_found
from lab.simcloud.ironic.records import BaremetalPort, Node, NodeError
from lab.simcloud.ironic.states import DELETABLE
from lab.simcloud.store import Table, new_id

NODE_INDEXES = (
    "name",
    "instance_uuid",
    "provision_state",
    "resource_class",
    "maintenance",
    "driver",
    "owner",
    "lessee",
    "reservation",
    "retired",
)
NODE_FREE = ("resource_class", "provision_state", "instance_uuid")


class Nodes:
    """All nodes of a cloud."""

    def __init__(self, database: sqlite3.Connection, conductor: str) -> None:
        """conductor: the host name that locks are taken in."""
        self.table = Table(database, "nodes", Node, NODE_INDEXES, NODE_FREE)
        self.ports = Table(database, "baremetal_ports", BaremetalPort, ("node_uuid", "address"))
        self.errors = Table(database, "node_errors", NodeError, ("node_uuid",))
        self.conductor = conductor

    def read(self, node_id: str) -> Node:
        """The node with that id; it must exist."""
        node = self.table.get(node_id)
        if node is None:
            raise missing(node_id)
        return node

    def change(self, node_id: str, **changes: Any) -> Node:
        """Writes fields of a node, on what is stored now."""
        node = self.read(node_id)
        for field, value in changes.items():
            setattr(node, field, value)
        node.updated_at = stamp()
        if "provision_state" in changes:
            node.provision_updated_at = node.updated_at
        if changes.get("last_error"):
            self.errors.add(
                NodeError(id=new_id(), node_uuid=node_id, created_at=node.updated_at, event=node.last_error or "")
            )
        return self.table.save(node)

    def release(self, node: Node) -> Node:
        """Forgets what belonged to the node's server: it is nobody's then."""
        changes: dict[str, Any] = {"drive": None, "instance_uuid": None, "instance_info": {}, "vifs": []}
        internal = dict(node.driver_internal_info)
        if internal.pop("automatic_lessee", False):
            changes["lessee"] = None
        return self.change(node.id, driver_internal_info=internal, **changes)

    def find(self, name_or_id: str, caller: Caller) -> Node:
        """By id or name, if the caller may see it; Ironic's 404 else."""
        node = self.table.get(name_or_id) or self.table.first(name=name_or_id)
        if node is None or not self.visible(node, caller):
            raise missing(name_or_id)
        return node

    @staticmethod
    def visible(node: Node, caller: Caller) -> bool:
        """System scope sees all nodes, a project those that it owns or leases."""
        if caller.system:
            return caller.is_system_reader
        return caller.project_id is not None and caller.project_id in (node.owner, node.lessee)

    def create(self, **fields: Any) -> Node:
        """Enrols a node; 409 if id or name is taken."""
        node = Node(**{"id": new_id(), "created_at": stamp()} | fields)
        if self.table.get(node.id):
            raise conflict(f"A node with UUID {node.id} already exists.")
        self.require_free_name(node.name)
        return self.table.add(node)

    def require_free_name(self, name: str | None) -> None:
        """409 if another node has the name."""
        if name and self.table.first(name=name):
            raise conflict(f"A node with name {name} already exists.")

    def remove(self, node: Node) -> None:
        """Forgets a node; 409 while it is locked or in use."""
        self.require_unlocked(node)
        if node.instance_uuid:
            raise conflict(f"Node {node.id} is associated with instance {node.instance_uuid}.")
        if node.provision_state not in DELETABLE and not node.maintenance:
            state = node.provision_state
            raise bad_request(f'Can not delete node "{node.id}" while it is in provision state "{state}".')
        self.ports.remove_where(node_uuid=node.id)
        self.errors.remove_where(node_uuid=node.id)
        self.table.remove(node.id)

    @staticmethod
    def require_unlocked(node: Node) -> None:
        """409 while an operation holds the node."""
        if node.reservation:
            raise conflict(
                f"Node {node.id} is locked by host {node.reservation}, please retry after the current operation is "
                "completed."
            )

    def lock(self, node: Node) -> None:
        """Takes the node's lock; 409 if another operation has it."""
        self.require_unlocked(node)
        self.change(node.id, reservation=self.conductor)

    def unlock(self, node_id: str) -> None:
        """Gives the node's lock back."""
        if self.table.get(node_id):
            self.change(node_id, reservation=None)

    def add_port(self, node: Node, **fields: Any) -> BaremetalPort:
        """Adds a network interface; 409 if its address is known."""
        port = BaremetalPort(**{"id": new_id(), "node_uuid": node.id, "created_at": stamp()} | fields)
        if self.ports.first(address=port.address):
            raise conflict(f"A port with MAC address {port.address} already exists.")
        return self.ports.add(port)


def missing(node: str) -> Exception:
    """Ironic's 404."""
    return not_found(f"Node {node} could not be found.")
