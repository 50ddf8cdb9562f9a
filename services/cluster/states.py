"""The states of clusters and hosts, each with its sentence: stable, or transitional with what it moves towards."""

from dataclasses import dataclass


@dataclass(frozen=True)
class State:
    """``target`` is the state that a transitional one moves towards; None for a stable one."""

    sentence: str
    target: str | None = None


CLUSTER_STATES: dict[str, State] = {
    "building": State("Its machines are being put into service and configured.", "ready"),
    "ready": State("All hosts passed their checks when it was built or changed last."),
    "degraded": State("It works in part: some hosts or checks failed."),
    "hibernated": State("Its machines are given back; what it needs to wake up is kept."),
    "deleting": State("Everything it had is being taken back.", "deleted"),
    "deleted": State("Nothing of it is left but its history."),
}

HOST_STATES: dict[str, State] = {
    "planned": State("It has a name and a role, and no machine yet."),
    "deploying": State("The cloud puts a machine into service for it.", "active"),
    "active": State("Its machine runs; nobody has reached it yet."),
    "reachable": State("Its SSH answers and its host keys are pinned."),
    "ready": State("All its elements were applied and verified."),
    "failed": State("Its machine or one of its elements failed."),
    "unmanaged": State("It no longer accepts the cluster's SSH authority."),
    "removing": State("Its machine is being given back.", "removed"),
    "removed": State("Its machine was given back."),
}
