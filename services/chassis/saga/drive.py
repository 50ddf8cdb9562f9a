"""Drive one operation under one lease: forward, or back, until it ends, parks or waits."""

import asyncio
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from services.chassis.db import Database, is_transient
from services.chassis.saga.context import Results, StepContext
from services.chassis.saga.errors import Interrupted, StepFailed, Suspended
from services.chassis.saga.ledger import Ledger, StepRead, Steps, UnitRow
from services.chassis.saga.model import BeforeForward, OnChange, Operation, Reason, Saga, Step, Unit
from services.chassis.saga.settings import SagaSettings
from services.chassis.saga.states import ACTIVE, Phase
from services.chassis.saga.step_run import Settled, StepRun, Waiting
from services.chassis.saga.unit_run import UnitRun
from services.chassis.saga.watch import Moment, Watch


class OperationDrive:
    """The work of one lease. ``poke`` makes it look at its rows at once."""

    def __init__(
        self,
        db: Database,
        saga: Saga,
        operation: Operation,
        deps: Any,
        settings: SagaSettings,
        on_change: OnChange,
        before_forward: BeforeForward,
        watch: Watch,
    ) -> None:
        self.operation_id = operation.id
        self.ledger = Ledger(db, operation, on_change)
        self._saga = saga
        self._deps = deps
        self._settings = settings
        self._before_forward = before_forward
        self._watch = watch
        self._poked = asyncio.Event()
        self._results: Results = {}
        self._moved_at = asyncio.get_running_loop().time()

    def is_at_work(self) -> bool:
        """Tell whether it has moved in the last moments; else it waits for somebody's answer."""
        return asyncio.get_running_loop().time() - self._moved_at < self._settings.slow_seconds

    def poke(self) -> None:
        """Something was asked of the operation."""
        self._poked.set()

    def _see(self, moment: Moment) -> None:
        self._moved_at = asyncio.get_running_loop().time()
        self._watch(moment)

    async def run(self) -> None:
        """Go as far as possible now, then give the lease back. Raises LeaseLost, and what the database raises."""
        self._results = await self.ledger.results()
        while True:
            operation, steps = await self.ledger.read()
            if operation.state not in ACTIVE:
                return
            try:
                waiting = await self._go_on(operation, steps)
            except Interrupted:
                continue
            if waiting is not None:
                await self.ledger.release(seconds=waiting.seconds, seen_nudges=waiting.seen_nudges)
                return
            if self.ledger.stopped:
                return

    async def _go_on(self, operation: Operation, steps: Steps) -> Waiting | None:
        if operation.state == "queued":
            await self.ledger.start()
        elif operation.state == "running":
            return await self._forward(operation, steps)
        elif operation.state == "cancelling":
            await self.ledger.begin_undo("cancelling")
        elif operation.state == "undoing":
            return await self._undo(operation, steps)
        return None

    async def _forward(self, operation: Operation, steps: Steps) -> Waiting | None:
        for step in self._saga.steps:
            if steps[step.name].state == "done":
                continue
            try:
                begun = await self._begin(operation, step, steps[step.name])
            except Suspended as suspended:
                await self.ledger.park(step.name, "forward", suspended.reason, begun=False)
                return None
            except StepFailed as failure:
                await self._stop(step, failure.reason, begun=False)
                return None
            operation = begun.operation if begun else operation
            answer = await self._run(operation, step, "forward", begun)
            if isinstance(answer, Waiting):
                return answer
            if answer.failed:
                await self._stop(step, _reason_of(step, answer.failed))
                return None
            await self._end(step, "forward", answer)
        await self.ledger.end("running")
        return None

    async def _undo(self, operation: Operation, steps: Steps) -> Waiting | None:
        for step in reversed(self._saga.steps):
            row = steps[step.name]
            if row.phase == "forward" and row.state == "pending":
                continue
            if row.phase == "undo" and row.state == "done":
                continue
            if row.phase == "forward":
                await self.ledger.begin_step_undo(step.name, nothing_to_undo=step.undo is None)
            answer = await self._run(operation, step, "undo")
            if isinstance(answer, Waiting):
                return answer
            if answer.failed:
                await self.ledger.park(step.name, "undo", _reason_of(step, answer.failed))
                return None
            await self._end(step, "undo", answer)
        await self.ledger.end("undoing")
        return None

    async def _run(
        self, operation: Operation, step: Step, phase: Phase, begun: StepRead | None = None
    ) -> Waiting | Settled:
        """Return what the step waits for, or how it was settled; ``begun`` is what is known of it already."""
        unit_run = UnitRun(operation, step, self.ledger, self._deps, self._results, self._settings, self._see)
        state = "running" if phase == "forward" else "undoing"
        return await StepRun(self.ledger, unit_run, state, step.parallel, self._poked).run(step.name, begun)

    async def _end(self, step: Step, phase: Phase, settled: Settled) -> None:
        if not settled.ended:
            await self.ledger.end_step(step.name, phase)

    async def _begin(self, operation: Operation, step: Step, row: Row[Any]) -> StepRead | None:
        """Ask for permission and plan the units, unless the step has begun. Raises Suspended, StepFailed."""
        if row.state != "pending":
            return None
        await self._before_forward(operation)
        return await self.ledger.begin_step(step.name, await self._plan_units(operation, step), step.parallel)

    async def _plan_units(self, operation: Operation, step: Step) -> Sequence[Unit]:
        if step.units is None:
            return [Unit("")]
        whole = UnitRow(
            step=step.name,
            key="",
            payload={},
            phase="forward",
            state="pending",
            attempts=0,
            note=None,
            due_in_seconds=None,
            running_for_seconds=None,
        )
        context: StepContext[Any] = StepContext(
            operation=operation,
            step=step.name,
            unit=whole,
            deps=self._deps,
            ledger=self.ledger,
            results=self._results,
            lease_seconds=self._settings.lease_seconds,
        )
        try:
            return await step.units(context)
        except (StepFailed, Suspended):
            raise
        except Exception as error:
            if is_transient(error):
                raise
            sentence = f"The parts of “{step.title}” could not be worked out. It is safe to resume."
            raise StepFailed(Reason("step-broke", sentence, evidence=f"{type(error).__name__}: {error}")) from error

    async def _stop(self, step: Step, reason: Reason, *, begun: bool = True) -> None:
        """Put everything back when nothing exists outside, else park."""
        if self._saga.reversible and not await self.ledger.touches_outside():
            await self.ledger.begin_undo("running", reason=reason, ends_in="failed")
        else:
            await self.ledger.park(step.name, "forward", reason, begun=begun)


def _reason_of(step: Step, failed: list[UnitRow]) -> Reason:
    """Return the first failed unit's reason, and say how many there are."""
    reason = failed[0].reason or Reason("step-failed", f"“{step.title}” failed.")
    if len(failed) == 1 and not failed[0].key:
        return reason
    names = ", ".join(unit.key for unit in failed[:10]) + (" …" if len(failed) > 10 else "")
    sentence = f"{len(failed)} part(s) of “{step.title}” failed ({names}). The first: {reason.sentence}"
    return Reason(reason.slug, sentence, reason.evidence, reason.runbook)
