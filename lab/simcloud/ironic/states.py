"""Provision states and verbs. Source: Ironic's state machine, documented in its `user/states` page."""

from typing import NamedTuple

STATES = {
    "enroll": "known by name; nobody has talked to its BMC yet",
    "verifying": "the BMC is being asked for the power state, on the way to manageable",
    "manageable": "the BMC answers; an operator may inspect or clean it",
    "inspecting": "its hardware is being looked at, on the way to manageable",
    "inspect failed": "looking at its hardware failed",
    "cleaning": "what the last owner left is being removed, on the way to available",
    "clean failed": "cleaning failed; the node is in maintenance",
    "available": "may be given to a server",
    "deploying": "boot and config drive are being inserted and the machine powered on, on the way to active",
    "deploy failed": "deploying failed; last_error says why",
    "active": "belongs to a server",
    "deleting": "is being taken from its server, on the way to cleaning",
    "adopting": "is being taken over with what runs on it, on the way to active",
    "adopt failed": "taking it over failed",
    "error": "could not be taken from its server; last_error says why",
}


class Transition(NamedTuple):
    """What a verb does: the states on the way, where it ends, where it ends if it fails."""

    during: str
    target: str
    failed: str


_DEPLOY = Transition("deploying", "active", "deploy failed")
_DELETE = Transition("deleting", "available", "error")
_VERIFY = Transition("verifying", "manageable", "enroll")
_CLEAN = Transition("cleaning", "available", "clean failed")
_AT_ONCE = Transition("", "manageable", "")

VERBS: dict[tuple[str, str], Transition] = {
    ("enroll", "manage"): _VERIFY,
    ("manageable", "provide"): _CLEAN,
    ("manageable", "clean"): Transition("cleaning", "manageable", "clean failed"),
    ("manageable", "inspect"): Transition("inspecting", "manageable", "inspect failed"),
    ("manageable", "adopt"): Transition("adopting", "active", "adopt failed"),
    ("adopt failed", "adopt"): Transition("adopting", "active", "adopt failed"),
    ("adopt failed", "manage"): _AT_ONCE,
    ("inspect failed", "manage"): _AT_ONCE,
    ("inspect failed", "inspect"): Transition("inspecting", "manageable", "inspect failed"),
    ("clean failed", "manage"): _AT_ONCE,
    ("available", "manage"): _AT_ONCE,
    ("available", "active"): _DEPLOY,
    ("active", "rebuild"): _DEPLOY,
    ("active", "deleted"): _DELETE,
    ("deploy failed", "active"): _DEPLOY,
    ("deploy failed", "rebuild"): _DEPLOY,
    ("deploy failed", "deleted"): _DELETE,
    ("error", "rebuild"): _DEPLOY,
    ("error", "deleted"): _DELETE,
}

TRANSIENT = {"verifying", "inspecting", "cleaning", "deploying", "deleting", "adopting"}
DELETABLE = {"enroll", "manageable", "available", "inspect failed", "clean failed", "adopt failed", "error"}

POWER_ON, POWER_OFF, REBOOT = "power on", "power off", "rebooting"
SOFT_OFF, SOFT_REBOOT = "soft power off", "soft rebooting"
POWER_TARGETS = {
    POWER_ON: POWER_ON,
    POWER_OFF: POWER_OFF,
    REBOOT: POWER_ON,
    SOFT_OFF: POWER_OFF,
    SOFT_REBOOT: POWER_ON,
}
