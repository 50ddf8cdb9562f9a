"""Where several lanes wait, each at its own fault, for one outage that all of them meet."""

import asyncio
from collections.abc import Iterable


class Gate:
    """Lets the lanes of these names go on together, once the outage has begun for which all of them waited."""

    def __init__(self, expected: Iterable[str]) -> None:
        self._missing = set(expected)
        self._all_there = asyncio.Event()
        self._open = asyncio.Event()
        self._arrived = 0
        self._look()

    async def arrive(self, name: str) -> None:
        """Say that a lane is at its place, and wait for the outage."""
        self._arrived += 1
        self.leave(name)
        await self._open.wait()

    def leave(self, name: str) -> None:
        """Say that a lane is not to be waited for any more."""
        self._missing.discard(name)
        self._look()

    async def all_there(self) -> bool:
        """Wait until no lane is missing; returns whether any has come."""
        await self._all_there.wait()
        return self._arrived > 0

    def open(self) -> None:
        """Let all go on."""
        self._open.set()

    def _look(self) -> None:
        if not self._missing:
            self._all_there.set()
