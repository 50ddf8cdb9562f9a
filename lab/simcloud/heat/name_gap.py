"""The gap between Heat's look for a used name and its write, in which the real one loses races."""

import asyncio
import contextlib
import re

from lab.simcloud.config import Tuning

MOST_SECONDS = 30.0


class NameGap:
    """Creates whose name matches wait in the gap until a second one of the same name is in it too.

    So two creates at once always make two stacks, and a third is refused. One that stays alone goes on after a while.
    """

    def __init__(self, tuning: Tuning, most_seconds: float = MOST_SECONDS) -> None:
        """tuning: its `heat_race_names` finds the names; without it no create waits, and none races."""
        self._tuning = tuning
        self._most_seconds = most_seconds
        self._alone: dict[tuple[str, str], asyncio.Event] = {}

    async def cross(self, project_id: str, name: str) -> None:
        """Comes back when the create may go on."""
        pattern = self._tuning.heat_race_names
        if pattern is None or not re.search(pattern, name):
            return
        other = self._alone.pop((project_id, name), None)
        if other is not None:
            other.set()
            return
        here = self._alone[project_id, name] = asyncio.Event()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(here.wait(), self._most_seconds)
        if self._alone.get((project_id, name)) is here:
            del self._alone[project_id, name]
