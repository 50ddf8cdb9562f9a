"""Try cells: those that keep to their lane side by side, those that take a server from all lanes in waves."""

import asyncio
import time
import traceback
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import zip_longest
from typing import NamedTuple

from lab.launcher.postgres import PrivatePostgres
from lab.launcher.rabbitmq import PrivateRabbit
from tests.faults.gate import Gate
from tests.faults.lane import Differs, Lane, WorkersGone
from tests.faults.matrix import Cell
from tests.faults.results import Result
from tests.faults.stage import Stage

OUTAGES = ("database", "broker")
_FROZEN_SECONDS = 0.25


class Journey(NamedTuple):
    """One cluster's life, with a cell in its build, in its end (a delete or an undo), or in both."""

    build: Cell | None
    end: Cell | None


Tell = Callable[[Result], None]


class Campaign:
    """Tries cells on a stage; ``tell`` hears of each result as it comes. Without workers it breaks off."""

    def __init__(self, stage: Stage, tell: Tell) -> None:
        self._stage = stage
        self._tell = tell
        self._broken_off = False

    async def run(self, cells: Iterable[Cell]) -> None:
        """Try all of them."""
        chosen = list(cells)
        await self._side_by_side([cell for cell in chosen if cell.fault not in OUTAGES])
        for fault, server in zip(OUTAGES, (self._stage.postgres, self._stage.rabbit), strict=True):
            for wave in self._waves([cell for cell in chosen if cell.fault == fault]):
                if not self._broken_off:
                    await self._together(wave, server)

    async def _side_by_side(self, cells: Sequence[Cell]) -> None:
        waiting = deque(one for kind in journeys(cells) for one in kind)

        async def work(lane: Lane) -> None:
            while waiting and not self._broken_off:
                await self._travel(lane, waiting.popleft())

        await asyncio.gather(*(work(lane) for lane in self._stage.lanes))

    def _waves(self, cells: Sequence[Cell]) -> list[list[Journey]]:
        """Share journeys out so that all of a wave have the same parts: no outage meets what has no cell there."""
        size = len(self._stage.lanes)
        return [kind[first : first + size] for kind in journeys(cells) for first in range(0, len(kind), size)]

    async def _together(self, wave: Sequence[Journey], server: PrivatePostgres | PrivateRabbit) -> None:
        """Take one journey a lane, with one outage for all cells of builds and one for all cells of ends."""
        travelling = list(zip(self._stage.lanes, wave, strict=False))
        build = Gate(lane.name for lane, journey in travelling if journey.build)
        end = Gate(lane.name for lane, journey in travelling if journey.end)
        outages = [asyncio.create_task(_restart(server, gate)) for gate in (build, end)]
        await asyncio.gather(*(self._travel(lane, journey, build, end) for lane, journey in travelling))
        await asyncio.gather(*outages)

    async def _travel(
        self, lane: Lane, journey: Journey, build_gate: Gate | None = None, end_gate: Gate | None = None
    ) -> None:
        """Take one cluster through its life; what comes before or after a cell is judged with it."""
        build, end = journey
        stands = False
        if build is not None:

            async def built() -> None:
                life = await lane.build(build, build_gate)
                if end is None:
                    await lane.delete(life)

            stands = await self._try(lane, build, built, build_gate)
        if end is not None:

            async def ended() -> None:
                if end.phase == "undo":
                    await lane.undo(await lane.half_build(_under_way(end)), end, end_gate)
                else:
                    life = lane.life if stands and lane.life else await lane.build()
                    await lane.delete(life, end, end_gate)

            await self._try(lane, end, ended, end_gate)

    async def _try(self, lane: Lane, cell: Cell, act: Callable[[], Awaitable[None]], gate: Gate | None) -> bool:
        """Do what a cell takes and tell of the result; returns whether all was as it should be."""
        begun = time.monotonic()
        try:
            if self._broken_off:
                return False
            differs = await self._differs(act)
        finally:
            if gate is not None:
                gate.leave(lane.name)
        seconds = round(time.monotonic() - begun, 2)
        resumed = lane.life is not None and lane.life.resumed
        self._tell(
            Result(cell=cell.id, lane=lane.name, ok=not differs, seconds=seconds, resumed=resumed, differs=differs)
        )
        if differs:
            await lane.abandon()
        return not differs

    async def _differs(self, act: Callable[[], Awaitable[None]]) -> tuple[str, ...]:
        try:
            await act()
        except Differs as differs:
            self._broken_off |= isinstance(differs, WorkersGone)
            return differs.args
        except Exception:
            return ("the harness did not expect this:", traceback.format_exc())
        return ()


def journeys(cells: Iterable[Cell]) -> list[list[Journey]]:
    """Return lives in which all cells happen, by kind: with a cell in build and delete, in one of them, in an undo."""
    chosen = list(cells)
    builds = [cell for cell in chosen if cell.saga == "cluster.build" and cell.phase == "forward"]
    deletes = [cell for cell in chosen if cell.saga == "cluster.delete"]
    undone = [Journey(None, cell) for cell in chosen if cell.phase == "undo"]
    paired = [Journey(*pair) for pair in zip_longest(builds, deletes)]
    return [
        [one for one in paired if one.build and one.end],
        [one for one in paired if not (one.build and one.end)],
        undone,
    ]


def _under_way(cell: Cell) -> str:
    """Return the phase whose run is under way when a build is cancelled, so that the step's undo has work."""
    return "apply" if cell.step == "configure" else "verify"


async def _restart(server: PrivatePostgres | PrivateRabbit, gate: Gate) -> None:
    """Kill a server when all are at their places, let them go on into the outage, and start it again.

    A broker stands still first, so that what is published then was sent and is lost.
    """
    if not await gate.all_there():
        return
    if isinstance(server, PrivateRabbit):
        server.freeze()
        gate.open()
        await asyncio.sleep(_FROZEN_SECONDS)
        await asyncio.to_thread(server.kill)
    else:
        await asyncio.to_thread(server.kill)
        gate.open()
    await asyncio.to_thread(server.start)
