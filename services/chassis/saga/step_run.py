"""One phase of one step: look at its units, side by side, until each is done, has failed, or waits."""

import asyncio
from typing import Any

import msgspec

from services.chassis.saga.errors import Interrupted
from services.chassis.saga.ledger import Ledger, StepRead, UnitRow
from services.chassis.saga.unit_run import UnitRun

_SOON_SECONDS = 0.05
"""Units due this soon are looked at together, instead of giving the lease back for a moment."""


class Settled(msgspec.Struct, frozen=True):
    """No unit has anything left to do; ``failed`` are those that could not be done.

    ``ended``: the step is done by its rows, since its only unit is.
    """

    failed: list[UnitRow]
    ended: bool


class Waiting(msgspec.Struct, frozen=True):
    """All units that are not settled wait; the first is due in ``seconds``."""

    seconds: float
    seen_nudges: int


class StepRun:
    """Runs units under one lease. ``poked`` is set when somebody asked for a look or a cancel."""

    def __init__(self, ledger: Ledger, unit_run: UnitRun, state: str, parallel: int, poked: asyncio.Event) -> None:
        self._ledger = ledger
        self._unit_run = unit_run
        self._state = state
        self._parallel = parallel
        self._poked = poked
        self._units: dict[str, UnitRow] = {}
        self._due_at: dict[str, float] = {}
        self._tasks: dict[asyncio.Task[UnitRow], str] = {}
        self._seen_nudges = 0
        self._begun: set[str] = set()
        self._ended = False

    async def run(self, step: str, begun: StepRead | None = None) -> Settled | Waiting:
        """Return when nothing can be done now. Raises LeaseLost, Interrupted, and what the database raises.

        ``begun`` is the step as it is now, if this worker has just begun it.
        """
        poke = asyncio.create_task(self._poked.wait())
        try:
            self._take(begun or await self._ledger.read_step(step))
            while True:
                self._begin_due()
                if not self._tasks and (answer := self._answer()) is not None:
                    return answer
                await asyncio.wait({*self._tasks, poke}, timeout=self._patience(), return_when=asyncio.FIRST_COMPLETED)
                self._collect()
                if poke.done():
                    poke = await self._on_poke(step)
        finally:
            poke.cancel()
            await self._stop_tasks()

    async def _on_poke(self, step: str) -> "asyncio.Task[Any]":
        self._poked.clear()
        self._take(await self._ledger.read_step(step))
        return asyncio.create_task(self._poked.wait())

    def _take(self, read: StepRead) -> None:
        """Keep what is so now: the nudges, and all units that do not run here. Raises Interrupted."""
        if read.operation.state != self._state:
            raise Interrupted(f"Operation {read.operation.id} is {read.operation.state}.")
        self._seen_nudges = read.nudges
        self._begun |= read.begun
        running = set(self._tasks.values())
        for unit in read.units:
            if unit.key not in running:
                self._keep(unit)

    def _keep(self, unit: UnitRow) -> None:
        self._units[unit.key] = unit
        self._due_at[unit.key] = asyncio.get_running_loop().time() + max(0.0, unit.due_in_seconds or 0.0)

    def _begin_due(self) -> None:
        horizon = asyncio.get_running_loop().time() + _SOON_SECONDS
        running = set(self._tasks.values())
        for key, unit in self._units.items():
            if len(self._tasks) >= self._parallel:
                return
            if key not in running and unit.state not in ("done", "failed") and self._due_at[key] <= horizon:
                self._tasks[asyncio.create_task(self._look(unit))] = key

    async def _look(self, unit: UnitRow) -> UnitRow:
        has_begun, alone = unit.key in self._begun, len(self._units) == 1
        self._begun.discard(unit.key)
        unit = await self._unit_run.look(unit, self._seen_nudges, has_begun=has_begun, alone=alone)
        self._ended = alone and unit.state == "done"
        return unit

    def _collect(self) -> None:
        for task in [task for task in self._tasks if task.done()]:
            del self._tasks[task]
            self._keep(task.result())

    def _answer(self) -> Settled | Waiting | None:
        """Say what there is to wait for; None when a unit is due after all."""
        open_units = [key for key, unit in self._units.items() if unit.state not in ("done", "failed")]
        if not open_units:
            return Settled([unit for unit in self._units.values() if unit.state == "failed"], self._ended)
        seconds = min(self._due_at[key] for key in open_units) - asyncio.get_running_loop().time()
        return Waiting(seconds, self._seen_nudges) if seconds > _SOON_SECONDS else None

    def _patience(self) -> float | None:
        """Until the next waiting unit is due, if there is room for it; else until something ends."""
        if len(self._tasks) >= self._parallel:
            return None
        running = set(self._tasks.values())
        due = [
            self._due_at[key]
            for key, unit in self._units.items()
            if key not in running and unit.state not in ("done", "failed")
        ]
        return max(0.0, min(due) - asyncio.get_running_loop().time()) if due else None

    async def _stop_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
