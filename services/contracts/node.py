"""Nodes of all clouds, capacity and holds."""

from typing import Annotated, Any

import msgspec

from services.contracts.body import Body
from services.contracts.times import Timestamp


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One machine. ``state`` is Ironic's provision state, ``last_error`` what Ironic said last."""

    id: str
    cloud_id: str
    cloud_node_id: str
    name: str
    resource_class: str
    state: str
    power: str | None
    maintenance: bool
    maintenance_reason: str | None
    last_error: str | None
    instance_id: str | None
    cluster_id: str | None = None
    properties: dict[str, Any] = {}
    traits: list[str] = []
    seen_at: Timestamp


class SetPower(Body, frozen=True):
    """``target`` is ``on``, ``off``, ``soft-off`` or ``reboot``."""

    target: str


class SetMaintenance(Body, frozen=True):
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class Capacity(msgspec.Struct, frozen=True, kw_only=True):
    """Machines of one class on one cloud: all, free (available, not in maintenance), and free less what is held."""

    cloud_id: str
    resource_class: str
    total: int
    free: int
    unheld: int


class CapacityReport(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot of all classes, with its own id and age: ``taken_at`` is when the clouds were last seen."""

    id: str
    taken_at: Timestamp
    items: list[Capacity]


class HoldItem(msgspec.Struct, frozen=True):
    resource_class: str
    count: int


class HoldRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Hold machines of one cloud for one cluster; the same owner again changes nothing."""

    project_id: str
    cluster_id: str
    cloud_id: str
    items: list[HoldItem]
    expires_in_seconds: int = 86400


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    cluster_id: str
    cloud_id: str
    items: list[HoldItem]
    state: str
    expires_at: Timestamp


class Allocation(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a hold: servers by their cloud ids, as the cluster has them."""

    server_ids: list[str]


class ServerHealth(msgspec.Struct, frozen=True, kw_only=True):
    """The node behind a server, as Ironic sees it now; ``reason`` is set when something is wrong with it."""

    server_id: str
    node_id: str | None
    node_name: str | None
    state: str | None
    power: str | None
    maintenance: bool
    last_error: str | None
    reason: str | None


class HealthRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Ask how servers' machines are.

    With ``cluster_id``, the machines that they are on by now draw on that cluster's hold.
    """

    project_id: str
    cloud_id: str
    server_ids: list[str]
    cluster_id: str | None = None


class HealthReport(msgspec.Struct, frozen=True):
    items: list[ServerHealth]
