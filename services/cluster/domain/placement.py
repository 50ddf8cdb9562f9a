"""What a cloud does not say by itself while it makes machines: that Nova places none."""

from collections.abc import Iterable
from datetime import datetime

from services.cluster.domain.machine_group import Member
from services.contracts.node import ServerHealth

PATIENCE_SECONDS = 45
"""How long a server may well be without a machine: Nova's scheduler and Neutron take a few seconds, busy ones more."""

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
