"""Groups that a back end has stopped to work on without a word: what a dead engine of Heat had, no other takes up."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from services.chassis.auth.memory import Memory
from services.cluster.domain.machine_group import GroupState, Observation
from services.contracts.node import ServerHealth

_KEPT_SECONDS = 3600.0
_IN_SERVICE = "active"
_ON_THE_WAY_BACK = frozenset({"deploying", "wait call-back", "deleting", "cleaning", "clean wait"})


@dataclass(frozen=True)
class _Look:
    """What was seen of a group, and since when it has been just so."""

    seen: object
    since: float


class Standstills:
    """What this process saw of each group, and when: Heat tells of no moment at which it looked at a machine.

    A process that starts anew begins to count anew. ``clock`` gives seconds.
    """

    def __init__(self, patience_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._patience_seconds = patience_seconds
        self._clock = clock
        self._looks: Memory[str, _Look] = Memory()

    def told(self, seen: Observation, health: Iterable[ServerHealth]) -> str | None:
        """Return a sentence about a group for which nothing happens, None while it moves or waits for a machine.

        After a sentence patience begins anew: the back end was asked to go on.
        """
        states = sorted((item.server_id, item.state or "") for item in health)
        look, now = (seen.state, seen.progress, tuple(states)), self._clock()
        known = self._looks.get(seen.backend_ref or "")
        if known is None or known.seen != look or any(_waits(seen.state, state) for _, state in states):
            self._note(seen, _Look(look, now))
            return None
        seconds = now - known.since
        if seconds <= self._patience_seconds:
            return None
        self._note(seen, _Look(look, now))
        return f"The cloud had stood still for {seconds:.0f} s (has an engine of Heat died?); it is asked to go on."

    def _note(self, seen: Observation, look: _Look) -> None:
        self._looks.keep(seen.backend_ref or "", look, time.time() + _KEPT_SECONDS)


def _waits(group: GroupState, node: str) -> bool:
    """Tell whether a back end may well do nothing: it waits for a machine whose node is in this state."""
    return node in _ON_THE_WAY_BACK if group is GroupState.REMOVING else node != _IN_SERVICE
