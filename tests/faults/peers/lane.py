"""A lane whose workers are a peer's: it tells of its steps in its own way, and leaves more behind than ours."""

import asyncio
import contextlib
import time
from collections import Counter

from sqlalchemy import update

from services.chassis.bus import Event
from services.chassis.saga import Saga
from services.chassis.saga.states import ACTIVE
from services.chassis.saga.tables import OPERATION
from services.cluster.sagas.table import SAGAS
from tests.faults.lane import Lane, Life

_EVENTS_SECONDS = 2.0
_LOOK_SECONDS = 0.05

Told = tuple[str, str | None, str]
"""What an event says: the phase, the step if it is about one, and the state."""


class PeerLane(Lane):
    """Judges by the events that came, of which each step's and the end's must be one."""

    async def abandon(self) -> None:
        """After a failure: have the worker leave what it has not ended; what stands then stays, among spare nodes."""
        self._armed.kill_stopped()
        self._armed.clear()
        left = update(OPERATION).where(OPERATION.c.state.in_(ACTIVE)).values(state="failed")
        with contextlib.suppress(OSError):
            async with self._service.process.database.all_projects(purpose="abandon a cell") as tx:
                await tx.execute(left)

    async def _judge_events(self, life: Life) -> list[str]:
        operation = await self._operation(life)
        end = time.monotonic() + _EVENTS_SECONDS
        while True:
            heard = [_told(event) for event in await self._oracle.heard(operation.id)]
            wanted = _wanted(SAGAS[operation.saga], heard, life.ends[-1])
            lost = [one for one in wanted if one not in heard]
            if not lost or time.monotonic() > end:
                break
            await asyncio.sleep(_LOOK_SECONDS)
        twice = [one for one, n in Counter(heard).items() if n > 1]
        named = {"events that were lost": lost, "events that took effect twice": twice}
        if not lost and not twice and heard != wanted:
            named["the order of events"] = heard
        return [f"{what}: {which!r}" for what, which in named.items() if which]


def _told(event: Event) -> Told:
    return event.data["phase"], event.data.get("step"), event.data["state"]


def _wanted(saga: Saga, heard: list[Told], end: str) -> list[Told]:
    """Return what must be told: each step and the end; of a build that is undone its first steps, and their undoing."""
    if end != "undone":
        return [*(("forward", step.name, "done") for step in saga.steps), ("forward", None, end)]
    names = [step.name for step in saga.steps]
    done = max((names.index(step) for phase, step, _ in heard if phase == "forward" and step), default=-1) + 1
    undone = [step.name for step in reversed(saga.steps[: done + 1]) if step.undo]
    first = [("forward", name, "done") for name in names[:done]]
    return [*first, *(("undo", name, "done") for name in undone), ("undo", None, end)]
