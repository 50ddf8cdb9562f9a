"""One look at one unit: call its function, and write what came of it."""

import asyncio
import random
from typing import Any

import structlog

from services.chassis.db import is_transient
from services.chassis.errors import Problem, is_away
from services.chassis.saga.context import Results, StepContext
from services.chassis.saga.errors import Interrupted, LeaseLost, StepFailed, Transient
from services.chassis.saga.ledger import NOW, Ledger, UnitRow
from services.chassis.saga.model import Done, Operation, Outcome, Reason, Step, Wait
from services.chassis.saga.rows import reason_row
from services.chassis.saga.settings import SagaSettings
from services.chassis.saga.states import Phase
from services.chassis.saga.watch import Moment, Point, Watch

_PASSING = (429, 502, 503, 504)
_log = structlog.get_logger(room="saga")


class UnitRun:
    """Looks at units of one step in one phase, under one lease."""

    def __init__(
        self,
        operation: Operation,
        step: Step,
        ledger: Ledger,
        deps: Any,
        results: Results,
        settings: SagaSettings,
        watch: Watch,
    ) -> None:
        self._operation = operation
        self._step = step
        self._ledger = ledger
        self._deps = deps
        self._results = results
        self._settings = settings
        self._watch = watch

    async def look(self, unit: UnitRow, seen_nudges: int, *, has_begun: bool, alone: bool) -> UnitRow:
        """Return the unit's row after one call of its function. Raises LeaseLost, Interrupted.

        ``has_begun``: this worker has just written that it runs. ``alone``: its step has no other, and is done with it.
        """
        if unit.state != "waiting" and not has_begun:
            values: dict[str, Any] = {} if unit.running_for_seconds is not None else {"started_at": NOW}
            unit = await self._ledger.set_unit(unit, state="running", next_look_at=None, **values)
        left_seconds = self._step.deadline_seconds - (unit.running_for_seconds or 0.0)
        if left_seconds <= 0:
            return await self._fail(unit, self._too_late())
        context = self._context(unit)
        try:
            async with asyncio.timeout(left_seconds) as limit:
                outcome = await self._call(context)
        except (LeaseLost, Interrupted):
            raise
        except StepFailed as failure:
            return await self._fail(unit, failure.reason)
        except Exception as error:
            if limit.expired():
                return await self._fail(unit, self._too_late())
            if isinstance(error, Transient) or is_transient(error) or _is_passing(error):
                return await self._retry(unit, error)
            if isinstance(error, Problem):
                return await self._fail(unit, _refused(error))
            _log.exception("saga.step_broke", operation=self._operation.id, step=self._step.name, unit=unit.key)
            return await self._fail(unit, _unexpected(error))
        if isinstance(outcome, Wait):
            written = await self._wait(unit, outcome, context.noted, left_seconds, seen_nudges)
        else:
            written = await self._finish(unit, outcome, ends_step=alone)
        self._pass(unit.phase, unit.key, "written")
        return written

    async def _call(self, context: StepContext[Any]) -> Outcome:
        function = self._step.forward if context.phase == "forward" else self._step.undo
        assert function is not None
        self._pass(context.phase, context.unit.key, "begun")
        outcome = await function(context)
        self._pass(context.phase, context.unit.key, "returned")
        return outcome

    def _pass(self, phase: Phase, unit: str, point: Point) -> None:
        self._watch(Moment(self._operation.saga, phase, self._step.name, unit, point))

    def _context(self, unit: UnitRow) -> StepContext[Any]:
        return StepContext(
            operation=self._operation,
            step=self._step.name,
            unit=unit,
            deps=self._deps,
            ledger=self._ledger,
            results=self._results,
            lease_seconds=self._settings.lease_seconds,
        )

    async def _finish(self, unit: UnitRow, outcome: Done, *, ends_step: bool) -> UnitRow:
        values: dict[str, Any] = {"state": "done", "attempts": 0, "reason": None, "ended_at": NOW, "next_look_at": None}
        if unit.phase == "forward":
            values["result"] = outcome.result
        written = await self._ledger.set_unit(unit, ends_step=ends_step, **values)
        if unit.phase == "forward":
            self._results[unit.step, unit.key] = outcome.result
        return written

    async def _wait(
        self, unit: UnitRow, wait: Wait, noted: str | None, left_seconds: float, seen_nudges: int
    ) -> UnitRow:
        seconds = max(0.0, min(wait.seconds, left_seconds))
        note = wait.note or noted
        return await self._ledger.set_unit(
            unit,
            seen_nudges=seen_nudges,
            tell=unit.state != "waiting" or note != unit.note,
            state="waiting",
            attempts=0,
            note=note,
            next_look_in_seconds=seconds,
        )

    async def _retry(self, unit: UnitRow, error: Exception) -> UnitRow:
        attempts = unit.attempts + 1
        most = max(self._step.attempts, self._settings.away_attempts if is_away(error) else 0)
        if attempts >= most:
            return await self._fail(unit, _exhausted(error, attempts), attempts=attempts)
        longest = min(self._settings.retry_seconds * 2 ** (attempts - 1), self._settings.longest_retry_seconds)
        seconds = longest * random.uniform(0.5, 1.0)
        note = f"Try {attempts} of {most} failed: {_text(error)}"
        _log.warning(
            "saga.retry", operation=self._operation.id, step=self._step.name, unit=unit.key, error=_text(error)
        )
        return await self._ledger.set_unit(
            unit, state="retrying", attempts=attempts, note=note, next_look_in_seconds=seconds
        )

    async def _fail(self, unit: UnitRow, reason: Reason, **values: Any) -> UnitRow:
        kept = reason_row(reason)
        return await self._ledger.set_unit(unit, state="failed", reason=kept, ended_at=NOW, next_look_at=None, **values)

    def _too_late(self) -> Reason:
        allowed = f"{self._step.deadline_seconds:.0f} s"
        sentence = f"“{self._step.title}” was not done within {allowed}. Look at what it waits for, then resume."
        return Reason("step-deadline-exceeded", sentence)


def _text(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:500].replace("\0", "\ufffd")


def _exhausted(error: Exception, attempts: int) -> Reason:
    sentence = f"A service it needs failed {attempts} times in a row. Resume when it is back."
    if isinstance(error, Problem):
        said = f"{error.detail} {error.hint_text or ''}".strip()
        sentence = f"{said} It was so {attempts} times in a row: resume when that has passed."
    return Reason("still-failing-after-retries", sentence, evidence=f"{type(error).__name__}: {error}")


def _is_passing(error: Exception) -> bool:
    """Whether a problem is one of a service that is away or too busy, not of what it was asked."""
    return isinstance(error, Problem) and error.status in _PASSING


def _refused(problem: Problem) -> Reason:
    """A service that was asked said no: its own words are the reason."""
    sentence = f"{problem.detail} {problem.hint_text}" if problem.hint_text else problem.detail
    evidence = "\n".join(f"{item.pointer}: {item.message}" for item in problem.errors)
    return Reason(problem.slug, sentence, evidence=evidence or None)


def _unexpected(error: Exception) -> Reason:
    sentence = "The step broke in a way that it does not know. It is safe to resume; report it if it happens again."
    return Reason("step-broke", sentence, evidence=f"{type(error).__name__}: {error}")
