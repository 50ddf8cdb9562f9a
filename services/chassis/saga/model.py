"""What a saga is, what its steps answer, and how an operation looks to a reader."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.saga.states import FINAL, Phase


class Reason(msgspec.Struct, frozen=True):
    """Why something failed: a stable slug, a sentence to act on, what was seen, and the runbook's address."""

    slug: str
    sentence: str
    evidence: str | None = None
    runbook: str | None = None


class Done(msgspec.Struct, frozen=True):
    """The unit is done; ``result`` is kept for later steps."""

    result: dict[str, Any] = {}


class Wait(msgspec.Struct, frozen=True):
    """Look again in ``seconds``, or when nudged; ``note`` says what for."""

    seconds: float
    note: str | None = None


class Unit(msgspec.Struct, frozen=True):
    """One part of a step: a batch, a host, a run. ``key`` is unique within the step."""

    key: str
    payload: dict[str, Any] = {}


Outcome = Done | Wait
StepFunction = Callable[[Any], Awaitable[Outcome]]
UnitsFunction = Callable[[Any], Awaitable[Sequence[Unit]]]


class Step(msgspec.Struct, frozen=True):
    """One row of a saga's table.

    ``forward`` and ``undo`` take a StepContext, may be called again at any time and must then find what they did
    before. ``units`` is asked once, when the step begins. ``deadline_seconds`` bounds a unit from its start in a
    phase; ``parallel`` how many units run at once; ``attempts`` how often a passing trouble is tolerated in a row.
    """

    name: str
    title: str
    forward: StepFunction
    undo: StepFunction | None = None
    units: UnitsFunction | None = None
    deadline_seconds: float = 3600.0
    parallel: int = 16
    attempts: int = 6


class Saga:
    """A named, versioned list of steps. A saga that is not ``reversible`` parks at each failure, for a resume."""

    def __init__(self, name: str, *, version: int, steps: Sequence[Step], reversible: bool = True) -> None:
        self.name = name
        self.version = version
        self.steps = tuple(steps)
        self.reversible = reversible
        if len({step.name for step in self.steps}) != len(self.steps) or not self.steps:
            raise ValueError(f"The steps of saga {name} need names, each its own.")

    def step(self, name: str) -> Step:
        """Return a step by name. Raises KeyError."""
        return next(step for step in self.steps if step.name == name)


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a saga. ``context`` is the service's own (its mandate); ``fence`` the number of its newest lease."""

    id: str
    project_id: str
    saga: str
    version: int
    subject: str
    params: dict[str, Any]
    context: dict[str, Any]
    state: str
    phase: Phase
    step: str | None
    reason: Reason | None
    fence: int
    undo_ends_in: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    changed_at: datetime

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in FINAL


class UnitView(msgspec.Struct, frozen=True, kw_only=True):
    """A unit as readers see it."""

    key: str
    payload: dict[str, Any]
    phase: Phase
    state: str
    attempts: int
    note: str | None
    reason: Reason | None
    result: dict[str, Any] | None
    started_at: datetime | None
    ended_at: datetime | None


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """A step as readers see it; ``units`` has one entry with an empty key when it does not fan out."""

    name: str
    title: str
    phase: Phase
    state: str
    reason: Reason | None
    started_at: datetime | None
    ended_at: datetime | None
    units: list[UnitView]


class Change(msgspec.Struct, frozen=True):
    """What just changed: the operation itself (no ``step``), a step (no ``unit``) or a unit."""

    state: str
    phase: Phase
    step: str | None = None
    unit: str | None = None
    note: str | None = None
    reason: Reason | None = None


OnChange = Callable[[AsyncConnection, Operation, Change], Awaitable[None]]
BeforeForward = Callable[[Operation], Awaitable[None]]


async def silently(_transaction: AsyncConnection, _operation: Operation, _change: Change) -> None:
    """Tell nobody of a change."""


async def always(_operation: Operation) -> None:
    """Let every forward step begin."""
