"""What a step function is given: the operation, its unit, and the guarded ways to write and to call."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.saga.errors import Interrupted
from services.chassis.saga.ledger import Ledger, UnitRow
from services.chassis.saga.model import Operation, Unit
from services.chassis.saga.states import Phase

_PART = 0.05

Deps = TypeVar("Deps")
Results = dict[tuple[str, str], dict[str, Any]]


class Intent:
    """A call to the outside that is about to be made, or that an earlier try may have made.

    ``state`` is ``open`` (no outcome known: look before you call) or ``done`` (``outcome`` says what it made).
    """

    def __init__(self, ledger: Ledger, row: Row[Any]) -> None:
        self._ledger = ledger
        self._row = row
        self.kind: str = row.kind
        self.key: str = row.key
        self.payload: dict[str, Any] = row.payload
        self.state: str = row.state
        self.outcome: dict[str, Any] | None = row.outcome

    async def done(self, outcome: dict[str, Any] | None = None) -> None:
        """Keep what the call made. Raises LeaseLost."""
        self.outcome = outcome or {}
        await self._settle("done")

    async def void(self) -> None:
        """Say that nothing exists outside from this intent: it certainly failed, or it was removed."""
        self.outcome = None
        await self._settle("void")

    async def _settle(self, state: str) -> None:
        await self._ledger.settle_intent(self._row, state, self.outcome)
        self.state = state


class StepContext(Generic[Deps]):
    """One call of a step function. ``deps`` is what the service gave its worker."""

    def __init__(
        self,
        *,
        operation: Operation,
        step: str,
        unit: UnitRow,
        deps: Deps,
        ledger: Ledger,
        results: Results,
        lease_seconds: float,
    ) -> None:
        self.operation = operation
        self.step = step
        self.unit = Unit(unit.key, unit.payload)
        self.phase: Phase = unit.phase
        self.attempt = unit.attempts + 1
        self.deps = deps
        self.noted: str | None = None
        self._row = unit
        self._ledger = ledger
        self._results = results
        self._lease_seconds = lease_seconds

    @property
    def params(self) -> dict[str, Any]:
        """The operation's parameters."""
        return self.operation.params

    @property
    def tags(self) -> dict[str, str]:
        """What to write on all that is made outside: a reconciler then knows whose it is, and which is the loser."""
        return {"cloudpoint_operation": self.operation.id, "cloudpoint_fence": str(self._ledger.fence)}

    @property
    def shown(self) -> str | None:
        """The note that the unit shows from an earlier call."""
        return self._row.note

    def pause(self, least: float, most: float) -> float:
        """Return the seconds until the next look: a part of what the unit took so far, from ``least`` to ``most``.

        So a short wait is hardly prolonged, and what takes long is not asked for again and again.
        """
        return min(max(_PART * (self._row.running_for_seconds or 0.0), least), most)

    def result_of(self, step: str, unit: str = "") -> dict[str, Any]:
        """Return what an earlier step (or one of its units) kept. Raises KeyError when it is not done."""
        return self._results[step, unit]

    def results_of(self, step: str) -> dict[str, dict[str, Any]]:
        """Return what the units of a step kept, by key; those that are not done are left out."""
        return {unit: result for (name, unit), result in self._results.items() if name == step}

    @asynccontextmanager
    async def tx(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction in the operation's project that commits only while the lease is ours. Raises LeaseLost."""
        async with self._ledger.fenced() as (transaction, _):
            yield transaction

    async def guard(self) -> None:
        """Renew the lease; call it just before each call to the outside. Raises LeaseLost, Interrupted."""
        state = await self._ledger.extend(self._lease_seconds)
        if self.phase == "forward" and state != "running":
            raise Interrupted(f"Operation {self.operation.id} is {state}.")

    async def intent(self, kind: str, key: str, payload: dict[str, Any] | None = None) -> Intent:
        """Write, before a call to the outside, that it will be made; or find what an earlier try wrote.

        ``kind`` and ``key`` name the call within this unit: ``("stack.create", "c1-batch-0")``. Raises LeaseLost.
        """
        row = await self._ledger.put_intent(self.step, self.unit.key, kind, key, payload or {})
        return Intent(self._ledger, row)

    async def intents(self) -> Sequence[Intent]:
        """Return what this unit wrote in either phase, the oldest first: an undo removes what they name."""
        return [Intent(self._ledger, row) for row in await self._ledger.intents(self.step, self.unit.key)]

    async def note(self, text: str) -> None:
        """Show ``text`` on the unit while it runs."""
        if text != self.noted:
            self.noted = text
            await self._ledger.set_unit(self._row, note=text)
