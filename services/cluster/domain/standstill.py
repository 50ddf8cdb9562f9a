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
        look = (seen.state, seen.progress, tuple(states))
        seconds = self._lasts(seen, look, begin_anew=any(_waits(seen.state, state) for _, state in states))
        if seconds is None:
            return None
        return f"The cloud had stood still for {seconds:.0f} s (has an engine of Heat died?); it is asked to go on."

    def failed(self, seen: Observation, health: Iterable[ServerHealth]) -> frozenset[str]:
        """Return the servers of a complete group whose machines have failed and stay so: nobody works on them.

        Nova may take a server from a machine that failed to another one; that takes less than our patience.
        """
        broken = frozenset((item.server_id, item.state) for item in health if _has_failed(item))
        lasting = self._lasts(seen, (seen.state, broken), begin_anew=not broken)
        return frozenset(server for server, _ in broken) if lasting is not None else frozenset()

    def _lasts(self, seen: Observation, look: object, *, begin_anew: bool) -> float | None:
        """Return for how many seconds a group has looked so if that is past our patience, which begins anew then."""
        key, now = seen.backend_ref or "", self._clock()
        known = self._looks.get(key)
        seconds = now - known.since if known and known.seen == look and not begin_anew else 0.0
        past = seconds > self._patience_seconds
        if past or not seconds:
            self._looks.keep(key, _Look(look, now), time.time() + _KEPT_SECONDS)
        return seconds if past else None


def _has_failed(machine: ServerHealth) -> bool:
    return bool(machine.node_id and machine.reason) and machine.state not in _ON_THE_WAY_BACK | {_IN_SERVICE}


def _waits(group: GroupState, node: str) -> bool:
    """Tell whether a back end may well do nothing: it waits for a machine whose node is in this state."""
    return node in _ON_THE_WAY_BACK if group is GroupState.REMOVING else node != _IN_SERVICE
