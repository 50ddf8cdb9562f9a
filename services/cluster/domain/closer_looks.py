"""When to look closely at a group that changes: that it is done one request tells, how far it is takes several."""

import time
from collections.abc import Callable

from services.chassis.auth.memory import Memory

_KEPT_SECONDS = 3600.0


class CloserLooks:
    """When this process last looked closely at each group; a new process begins anew. ``clock`` gives seconds."""

    def __init__(self, every_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._every_seconds = every_seconds
        self._clock = clock
        self._looked: Memory[str, float] = Memory()

    def due(self, group: str) -> bool:
        """Tell whether a group is to be looked at closely now, which then counts as done.

        That is so when it has been under way for ``every_seconds``, and each time that these have passed again.
        """
        now, last = self._clock(), self._looked.get(group)
        due = self._every_seconds <= 0 or (last is not None and now - last >= self._every_seconds)
        if due or last is None:
            self._looked.keep(group, now, time.time() + _KEPT_SECONDS)
        return due
