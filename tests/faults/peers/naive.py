"""A worker as one writes it without an engine: a loop, a status column, and each step called in its order.

Progress is written after each step, and the event is published after that. A worker that starts takes up all that is
not done, at the step that was under way. A call that fails is tried again; then the operation waits for a person.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import structlog

from services.chassis.bus import Event
from services.chassis.ids import new_id
from services.chassis.saga import Done, Moment, Operation, Step, Wait, Watch
from services.chassis.saga.model import StepFunction
from services.chassis.service import Background
from services.cluster.factory import Factory
from services.cluster.sagas.configuration import progress_of, request_of
from services.cluster.sagas.deps import mandate_of, plan_of
from services.cluster.sagas.table import SAGAS
from services.cluster.storage.runs import RUN_ENDED, record_run
from tests.faults.peers.status import Status
from tests.faults.peers.work import Work, told_of, units_of

_LOOK_SECONDS = 0.1
_TRIES = 5
_RETRY_SECONDS = 0.1

_log = structlog.get_logger(room="naive")


class _Cancelled(Exception):
    """Somebody has asked for the operation to be undone."""


class _GivenUp(Exception):
    """It is given up: a person has to look, or has ended it."""


def workers(factory: Factory, watch: Watch) -> Sequence[Background]:
    """Return the tasks of a worker."""
    return [Naive(factory, watch).run]


class Naive:
    """Works on all operations that it finds."""

    def __init__(self, factory: Factory, watch: Watch) -> None:
        self._deps = factory.deps
        self._bus = factory.process.events
        self._status = Status(factory.db)
        self._watch = watch
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                for operation in await self._status.under_way():
                    if operation.id not in self._tasks:
                        self._tasks[operation.id] = asyncio.create_task(self._work_on(operation))
            except Exception as error:
                _log.warning("naive.no_work_found", error=repr(error))
            await asyncio.sleep(_LOOK_SECONDS)

    async def _work_on(self, operation: Operation) -> None:
        """See an operation to its end; what breaks is taken up again by the loop."""
        try:
            if operation.state == "queued":
                operation = await self._status.write(operation, state="running")
            if operation.state == "running":
                await self._go_through(operation, "forward", SAGAS[operation.saga].steps, "succeeded")
            else:
                await self._undo(operation)
        except _Cancelled:
            await self._undo(await self._status.read(operation.id, operation.project_id))
        except _GivenUp as given:
            _log.warning("naive.given_up", operation_id=operation.id, reason=str(given))
        except Exception as error:
            _log.warning("naive.broke", operation_id=operation.id, error=repr(error), exc_info=error)
        finally:
            del self._tasks[operation.id]

    async def _undo(self, operation: Operation) -> None:
        steps = SAGAS[operation.saga].steps
        begun = [step.name for step in steps].index(operation.step or steps[0].name)
        undone = [step for step in reversed(steps[: begun + 1]) if step.undo]
        operation = await self._status.write(operation, state="undoing", phase="undo", step=undone[0].name)
        await self._go_through(operation, "undo", undone, "undone")

    async def _go_through(self, operation: Operation, phase: str, steps: Sequence[Step], end: str) -> None:
        """Do the steps from the one under way on."""
        names = [step.name for step in steps]
        begun = names.index(operation.step) if operation.step else 0
        for step, following in zip(steps[begun:], [*names[begun + 1 :], None], strict=True):
            operation = await self._do(operation, phase, step, following, end)
            await self._tell(told_of(operation, phase, "done", step.name))
        await self._tell(told_of(operation, phase, end))

    async def _do(self, operation: Operation, phase: str, step: Step, following: str | None, end: str) -> Operation:
        """Do one step, then write that the next one is under way, or that this was the last."""
        results = await self._status.results(operation)
        function = _NAMED_AT_RANDOM.get(step.name, step.forward) if phase == "forward" else step.undo
        assert function is not None
        for unit in await units_of(step, Work(self._deps, operation, results)):
            work = Work(self._deps, operation, results, unit)
            done = await self._until_done(work, phase, step, function)
        kept = {step.name: done.result} if phase == "forward" else {}
        ended = {"state": end} if following is None else {}
        operation = await self._status.write(operation, kept, step=following, **ended)
        self._watch(Moment(operation.saga, phase, step.name, unit.key, "written"))
        return operation

    async def _until_done(self, work: Work, phase: str, step: Step, function: StepFunction) -> Done:
        while True:
            await self._look_whether_wanted(work.operation, phase)
            outcome = await self._tried(work, phase, step, function)
            if isinstance(outcome, Done):
                return outcome
            await asyncio.sleep(min(outcome.seconds, _LOOK_SECONDS))

    async def _look_whether_wanted(self, operation: Operation, phase: str) -> None:
        state = (await self._status.read(operation.id, operation.project_id)).state
        if state == "cancelling" and phase == "forward":
            raise _Cancelled
        if state not in ("running", "undoing"):
            raise _GivenUp(f"it is {state}")

    async def _tried(self, work: Work, phase: str, step: Step, function: StepFunction) -> Done | Wait:
        """Call a step's function, a few times if it fails; then somebody has to look."""
        moment = partial(Moment, work.operation.saga, phase, step.name, work.unit.key)
        for attempt in range(1, _TRIES + 1):
            try:
                self._watch(moment("begun"))
                outcome = await function(work)
                self._watch(moment("returned"))
                return outcome
            except Exception as error:
                _log.warning("naive.step_failed", step=step.name, attempt=attempt, error=repr(error))
                if attempt == _TRIES:
                    await self._give_up(work.operation, error)
                await asyncio.sleep(_RETRY_SECONDS * 2**attempt)
        raise AssertionError("unreachable")

    async def _give_up(self, operation: Operation, error: Exception) -> None:
        reason = {"slug": "failed", "sentence": f"{type(error).__name__}: {error}"}
        await self._status.write(operation, state="parked", reason=reason)
        raise _GivenUp(reason["sentence"])

    async def _tell(self, event: Event) -> None:
        """Publish an event; what can't be told after a few tries stays untold."""
        for attempt in range(1, _TRIES + 1):
            try:
                await self._bus.publish(event)
                return
            except OSError as error:
                _log.warning("naive.not_published", attempt=attempt, error=repr(error))
                await asyncio.sleep(_RETRY_SECONDS * 2**attempt)


async def _run_phase(work: Work, phase: str) -> Done | Wait:
    """Start a run of what is missing under a name of its own, or look at the one that is recorded."""
    plan = await plan_of(work)
    progress = await progress_of(work, plan, phase)
    if progress.complete:
        return Done({})
    going_on = [row for row in progress.rows if row.state not in RUN_ENDED]
    if going_on:
        run = await work.deps.runner.show(going_on[-1].id, mandate_of(work))
    else:
        request = await request_of(work, plan, phase, new_id("run"), progress)
        run = await work.deps.runner.start(request, mandate_of(work))
    async with work.tx() as tx:
        await record_run(tx, run, going_on[-1].number if going_on else len(progress.rows) + 1)
    if run.state in RUN_ENDED and run.state != "succeeded":
        raise RuntimeError(f"The run is {run.state}.")
    return Wait(seconds=_LOOK_SECONDS)


_NAMED_AT_RANDOM: dict[str, Any] = {
    "configure": partial(_run_phase, phase="apply"),
    "verify": partial(_run_phase, phase="verify"),
}
"""Steps that a naive team writes otherwise than ours: the names of their runs are random."""
