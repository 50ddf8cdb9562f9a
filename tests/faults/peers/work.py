"""What a step of ours is given where no engine of ours runs it: nothing is promised, and no intent is kept."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.bus import Event, new_event
from services.chassis.saga import Operation, Step, Unit
from services.cluster.sagas.deps import Deps

Results = dict[str, dict[str, Any]]


class Unkept:
    """An intent that nobody wrote down: it is always open."""

    outcome: dict[str, Any] | None = None

    async def done(self, outcome: dict[str, Any] | None = None) -> None:
        """Keep nothing."""

    async def void(self) -> None:
        """Keep nothing."""


@dataclass
class Work:
    """One call of a step's function; ``results`` are those of earlier steps."""

    deps: Deps
    operation: Operation
    results: Results
    unit: Unit = field(default_factory=lambda: Unit(""))

    @property
    def params(self) -> dict[str, Any]:
        return self.operation.params

    def result_of(self, step: str) -> dict[str, Any]:
        return self.results[step]

    def pause(self, least: float, _most: float) -> float:
        return least

    async def guard(self) -> None:
        """Let each call be made: there is no lease that somebody else could have."""

    async def intent(self, _kind: str, key: str, payload: dict[str, Any] | None = None) -> Unkept:
        return Unkept()

    async def intents(self) -> Sequence[Any]:
        return ()

    @asynccontextmanager
    async def tx(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that commits whoever else works on the operation."""
        async with self.deps.db.project(self.operation.project_id) as tx:
            yield tx


async def units_of(step: Step, work: Work) -> list[Unit]:
    """Return the units of a step; one without a key, if it has no parts."""
    return list(await step.units(work)) if step.units else [Unit("")]


def told_of(operation: Operation, phase: str, state: str, step: str | None = None) -> Event:
    """Return the event that a step is done, or that the operation has ended in ``state``."""
    data = {"cluster_id": operation.subject, "kind": operation.saga, "phase": phase, "state": state}
    return new_event(
        "cluster.operation.changed",
        source="cluster",
        subject=operation.id,
        project_id=operation.project_id,
        data=data | ({"step": step} if step else {}),
    )
