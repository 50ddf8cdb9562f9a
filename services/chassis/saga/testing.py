"""The law of sagas, as tests for any saga.

A service proves each of its sagas so::

    @pytest.mark.parametrize("point", points(BUILD), ids=str)
    async def test_build_keeps_the_law(case, point):
        await prove(case, point)

where the fixture ``case`` is a fresh :class:`SagaCase` on an empty world. ``ways`` in the place of ``points`` proves
the same in fewer operations, for sagas whose steps take long. Nothing here is a double: the real engine runs the real
steps; only *when* a step fails, or its reply is lost, is chosen.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from services.chassis.db import Database
from services.chassis.saga.errors import StepFailed
from services.chassis.saga.model import (
    BeforeForward,
    Done,
    OnChange,
    Operation,
    Outcome,
    Reason,
    Saga,
    Step,
    Wait,
    always,
    silently,
)
from services.chassis.saga.model import StepFunction as Function
from services.chassis.saga.settings import SagaSettings
from services.chassis.saga.states import FINAL
from services.chassis.saga.store import OperationStore
from services.chassis.saga.worker import SagaWorker

Fault = Literal["before", "after", "twice"]
PLANTED = Reason("planted-failure", "A test made this step fail. Resume.")
_QUICK = SagaSettings(lease_seconds=2.0, poll_seconds=0.2, retry_seconds=0.01, longest_retry_seconds=0.05)


@dataclass(frozen=True)
class SagaCase:
    """A saga and where it runs. ``built`` and ``gone`` assert what must be there at the end, and that nothing is.

    ``longest_wait_seconds`` cuts the waits of steps, so that proofs are short.
    """

    db: Database
    saga: Saga
    deps: Any
    project_id: str
    subject: str
    params: dict[str, Any]
    built: Callable[[], Awaitable[None]]
    gone: Callable[[], Awaitable[None]]
    context: dict[str, Any] = field(default_factory=dict)
    on_change: OnChange = silently
    before_forward: BeforeForward = always
    longest_wait_seconds: float = 0.02
    deadline_seconds: float = 30.0


class Point(msgspec.Struct, frozen=True):
    """One proof: the law, and the steps at which the fault is planted, each once in the same operation."""

    law: str
    steps: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.law}-{self.steps[0]}" + ("-and-on" if len(self.steps) > 1 else "")


def points(saga: Saga) -> list[Point]:
    """Return every proof that ``saga`` must pass, each step in an operation of its own; a new step adds its own."""
    steps, undone = _steps_of(saga)
    laws = [*_FORWARD_LAWS, *(_UNWINDING_LAWS if saga.reversible else ())]
    return [Point(law, (step,)) for law in laws for step in steps] + [
        Point(law, (step,)) for law in _UNDO_LAWS for step in undone
    ]


def ways(saga: Saga) -> list[Point]:
    """Return the same proofs with as many steps in one operation as it can meet: it parks at each and is resumed.

    A reversible saga's first step stands alone: where it fails before anything exists outside, all ends there. If the
    same is so of a later step, the proof says so.
    """
    steps, undone = _steps_of(saga)
    first = 1 if saga.reversible else 0
    found = [Point("forward_twice", steps)]
    found += [Point(law, group) for law in _FORWARD_LAWS[1:] for group in (steps[:first], steps[first:]) if group]
    if saga.reversible:
        found += [Point(law, (step,)) for law in _UNWINDING_LAWS for step in steps]
    return found + [Point(law, undone) for law in _UNDO_LAWS if undone]


_FORWARD_LAWS = ("forward_twice", "fails_before_then_resumes", "fails_after_then_resumes")
_UNWINDING_LAWS = ("fails_before_then_unwinds", "fails_after_then_unwinds")
_UNDO_LAWS = ("undo_twice", "undo_fails_then_resumes")


def _steps_of(saga: Saga) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return all steps, and those that are undone."""
    undone = [step.name for step in saga.steps if step.undo is not None] if saga.reversible else []
    return tuple(step.name for step in saga.steps), tuple(undone)


async def prove(case: SagaCase, point: Point) -> None:
    """Run one proof. Raises AssertionError."""
    law: dict[str, Callable[[SagaCase, tuple[str, ...]], Awaitable[None]]] = {
        "forward_twice": _forward_twice,
        "fails_before_then_resumes": lambda case, steps: _fails_then_resumes(case, steps, "before"),
        "fails_after_then_resumes": lambda case, steps: _fails_then_resumes(case, steps, "after"),
        "fails_before_then_unwinds": lambda case, steps: _fails_then_unwinds(case, steps, "before"),
        "fails_after_then_unwinds": lambda case, steps: _fails_then_unwinds(case, steps, "after"),
        "undo_twice": _undo_twice,
        "undo_fails_then_resumes": _undo_fails_then_resumes,
    }
    await law[point.law](case, point.steps)


async def _forward_twice(case: SagaCase, steps: tuple[str, ...]) -> None:
    """A step whose reply was lost is done again, and makes nothing twice."""
    async with _running(case, forward=dict.fromkeys(steps, "twice")) as (run, fired):
        await run.reach("succeeded")
    assert fired == {("forward", step) for step in steps}, f"of {steps} only {fired} were run"
    await case.built()


async def _fails_then_resumes(case: SagaCase, steps: tuple[str, ...], fault: Fault) -> None:
    """A failure parks, or is put back when nothing exists outside; what parked goes on to the same end."""
    async with _running(case, forward=dict.fromkeys(steps, fault)) as (run, fired):
        for step in steps:
            operation = await run.reach("parked", "failed")
            assert ("forward", step) in fired and _is_planted(operation)
            if operation.state == "failed":
                assert steps == (step,), f"nothing exists outside at {step}: prove it alone"
                await case.gone()
                return
            assert operation.step == step
            await run.ask("resume")
        await run.reach("succeeded")
    await case.built()


async def _fails_then_unwinds(case: SagaCase, steps: tuple[str, ...], fault: Fault) -> None:
    async with _running(case, forward={steps[0]: fault}) as (run, fired):
        operation = await run.reach("parked", "failed")
        if operation.state == "parked":
            await run.ask("request_undo")
            await run.reach("undone")
        assert fired
    await case.gone()


async def _undo_twice(case: SagaCase, steps: tuple[str, ...]) -> None:
    twice: dict[str, Fault] = dict.fromkeys(steps, "twice")
    async with _running(case, forward={case.saga.steps[-1].name: "after"}, undo=twice) as (run, fired):
        if (await run.reach("parked", "failed")).state == "parked":
            await run.ask("request_undo")
            await run.reach("undone")
        assert {("undo", step) for step in steps} <= fired, f"of {steps} only the undo of {fired} was run"
    await case.gone()


async def _undo_fails_then_resumes(case: SagaCase, steps: tuple[str, ...]) -> None:
    last = case.saga.steps[-1].name
    async with _running(case, forward={last: "after"}, undo=dict.fromkeys(steps, "after")) as (run, fired):
        operation = await run.reach("parked")
        if operation.phase == "forward":
            await run.ask("request_undo")
        for step in reversed(steps):
            operation = await run.reach_parked_in_undo()
            assert operation.step == step and ("undo", step) in fired and _is_planted(operation)
            await run.ask("resume")
        await run.reach("undone", "failed")
    await case.gone()


def _is_planted(operation: Operation) -> bool:
    return operation.reason is not None and PLANTED.sentence in operation.reason.sentence


class _Run:
    """One operation of the case, and short ways to ask and to wait."""

    def __init__(self, case: SagaCase, store: OperationStore, operation_id: str) -> None:
        self._case = case
        self._store = store
        self._id = operation_id

    async def ask(self, wish: str) -> None:
        async with self._case.db.project(self._case.project_id) as transaction:
            await getattr(self._store, wish)(transaction, self._id)

    async def reach(self, *states: str) -> Operation:
        return await self._wait(lambda operation: operation.state in states, " or ".join(states))

    async def reach_parked_in_undo(self) -> Operation:
        return await self._wait(lambda one: one.state == "parked" and one.phase == "undo", "parked in undo")

    async def _wait(self, there: Callable[[Operation], bool], wish: str) -> Operation:
        loop = asyncio.get_running_loop()
        end = loop.time() + self._case.deadline_seconds
        while True:
            operation = await self._get()
            if there(operation):
                return operation
            stuck = operation.state in (*FINAL, "parked") and not wish.startswith("parked in")
            assert not stuck and loop.time() < end, f"wanted {wish}, but it is {operation.state}: {operation.reason}"
            await asyncio.sleep(0.04)

    async def _get(self) -> Operation:
        async with self._case.db.project(self._case.project_id) as transaction:
            operation = await self._store.get(transaction, self._id)
        assert operation is not None
        return operation


Fired = set[tuple[str, str]]


@asynccontextmanager
async def _running(
    case: SagaCase, *, forward: dict[str, Fault] | None = None, undo: dict[str, Fault] | None = None
) -> AsyncIterator[tuple[_Run, Fired]]:
    """Start a worker on the saga with faults planted, and one operation of it."""
    fired: Fired = set()
    saga = _planted(case, forward or {}, undo or {}, fired)
    store = OperationStore([saga], case.on_change)
    worker = SagaWorker(
        case.db, [saga], case.deps, _QUICK, on_change=case.on_change, before_forward=case.before_forward
    )
    operation = await _order(case, saga, store)
    task = asyncio.create_task(worker.run())
    try:
        yield _Run(case, store, operation.id), fired
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _order(case: SagaCase, saga: Saga, store: OperationStore) -> Operation:
    """Write the operation down before its worker starts, which then finds it at its first look."""
    async with case.db.project(case.project_id) as transaction:
        return await store.create(
            transaction,
            saga,
            project_id=case.project_id,
            subject=case.subject,
            params=case.params,
            context=case.context,
        )


def _planted(case: SagaCase, forward: dict[str, Fault], undo: dict[str, Fault], fired: Fired) -> Saga:
    steps: Sequence[Step] = [
        msgspec.structs.replace(
            step,
            forward=_faulty(step.forward, forward.get(step.name), ("forward", step.name), fired, case),
            undo=step.undo and _faulty(step.undo, undo.get(step.name), ("undo", step.name), fired, case),
        )
        for step in case.saga.steps
    ]
    saga = case.saga
    return Saga(saga.name, version=saga.version, steps=steps, reversible=saga.reversible)


def _faulty(function: Function, fault: Fault | None, place: tuple[str, str], fired: Fired, case: SagaCase) -> Function:
    """Return ``function`` with a fault that fires once, at the first unit whose effect is complete."""

    async def planted(context: Any) -> Outcome:
        if fault == "before" and place not in fired:
            fired.add(place)
            raise StepFailed(PLANTED)
        outcome = await function(context)
        if isinstance(outcome, Wait):
            return Wait(min(outcome.seconds, case.longest_wait_seconds), outcome.note)
        if fault is None or place in fired:
            return outcome
        fired.add(place)
        if fault == "after":
            raise StepFailed(PLANTED)
        return await _again(function, context, case)

    return planted


async def _again(function: Function, context: Any, case: SagaCase) -> Done:
    """Call a finished step once more, as a worker does that took over before the result was written."""
    while True:
        outcome = await function(context)
        if isinstance(outcome, Done):
            return outcome
        await asyncio.sleep(min(outcome.seconds, case.longest_wait_seconds))
