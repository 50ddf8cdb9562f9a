"""What a cloud does not say by itself while it makes machines: Nova places none, Heat stands still."""

from collections.abc import Iterable
from datetime import datetime

from services.cluster.domain.machine_group import Member, Observation
from services.contracts.node import ServerHealth

PATIENCE_SECONDS = 45
"""How long a server may well be without a machine: Nova's scheduler and Neutron take a few seconds, busy ones more."""

STANDSTILL_SECONDS = 60
"""How long Heat may do nothing before it has asked Nova: what a dead engine worked on, no other takes up."""

UNNOTICED_SECONDS = 600
"""The same once all machines are in service: Heat tells no time of its looks at them, so this holds their deploying."""

_STEP_SECONDS = 15


def unplaced(members: Iterable[Member], health: Iterable[ServerHealth], now: datetime) -> str | None:
    """Return a sentence about servers that no machine carries yet and that are past our patience, None without any."""
    waiting = {item.server_id for item in health if item.node_id is None}
    ages = [
        (now - member.created_at).total_seconds()
        for member in members
        if member.server_id in waiting and member.created_at is not None
    ]
    late = [age for age in ages if age > PATIENCE_SECONDS]
    if not late:
        return None
    # In steps, so that the sentence is not another one with each look.
    seconds = int(max(late)) // _STEP_SECONDS * _STEP_SECONDS
    who = "1 server has" if len(late) == 1 else f"{len(late)} servers have"
    silent = "Nova has not placed any, and says nothing when its compute service is down (operators: cloudpoint doctor)"
    return f"{who} had no machine for {seconds} s: {silent}"


def standstill(seen: Observation, health: Iterable[ServerHealth], now: datetime) -> str | None:
    """Return a sentence if a group that is being made stands still, None if it moves or waits for a machine."""
    states = [item.state for item in health]
    if seen.moved_at is None or any(state != "active" for state in states):
        return None
    seconds = (now - seen.moved_at).total_seconds()
    if seconds <= (UNNOTICED_SECONDS if states else STANDSTILL_SECONDS):
        return None
    return f"The cloud had stood still for {seconds:.0f} s (has an engine of Heat died?); it is asked to go on."
