"""Machine groups, as plan and sagas speak of them, whatever back end makes them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class GroupState(StrEnum):
    """Where a machine group stands at its back end."""

    CHANGING = "changing"
    COMPLETE = "complete"
    FAILED = "failed"
    REMOVING = "removing"
    GONE = "gone"


@dataclass(frozen=True)
class GroupSpec:
    """What a group is to be.

    ``key`` names it within its cluster (``shared``, ``compute-0``); ``template`` and ``files`` are the blueprint's.
    ``marks`` are written on what is made, so that an orphan can be told to whom it belonged.
    """

    cluster_id: str
    cluster_name: str
    key: str
    template: str
    files: dict[str, str]
    parameters: dict[str, Any]
    marks: dict[str, str]


@dataclass(frozen=True)
class Member:
    """One machine of a group: its host name, the server's id at the cloud, and its address on the cluster's network.

    ``created_at`` is when the cloud was asked for it, known while the group is being made.
    """

    name: str
    server_id: str
    address: str | None
    created_at: datetime | None = None


@dataclass(frozen=True)
class Observation:
    """A group as it was seen: its state, the back end's own words if it failed, its outputs and members.

    ``login_ended``: it failed since the log-in that it worked with was no longer taken. ``mended``: it is complete
    since it was repaired, when a back end also counts in what is not in service yet. ``progress`` changes whenever the
    back end began or ended something of it.
    """

    state: GroupState
    backend_ref: str | None = None
    words: str | None = None
    outputs: dict[str, Any] = field(default_factory=dict)
    members: tuple[Member, ...] = ()
    removal_failed: bool = False
    login_ended: bool = False
    mended: bool = False
    progress: frozenset[str] = frozenset()


def members_of(outputs: dict[str, Any]) -> tuple[Member, ...]:
    """Return the members that a role's template gives as its output ``servers``."""
    servers = outputs.get("servers") or []
    return tuple(Member(item["name"], item["id"], item.get("address")) for item in servers if item)
