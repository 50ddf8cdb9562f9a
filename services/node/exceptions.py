"""What can go wrong with nodes, as callers see it."""

from services.chassis.errors import Conflict, InvalidRequest


class NotEnoughMachines(Conflict):
    slug = "not-enough-machines"
    title = "There are not enough free machines"
    hint = "Ask for fewer, or wait until machines are given back."


class NodeLocked(Conflict):
    slug = "node-locked"
    title = "The node is busy"
    hint = "Ironic works on it; try again when it is done."


class NodeInUse(Conflict):
    slug = "node-in-use"
    title = "The node serves a cluster"


class UnknownPowerTarget(InvalidRequest):
    slug = "unknown-power-target"
    title = "There is no such power target"
