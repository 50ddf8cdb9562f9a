"""All that a worker writes about one operation, each write on the condition that its lease is still the newest."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Row, case, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.db import Database
from services.chassis.saga.errors import Interrupted, LeaseLost
from services.chassis.saga.model import Change, OnChange, Operation, Reason, Unit
from services.chassis.saga.rows import operation_of, reason_row
from services.chassis.saga.states import Phase
from services.chassis.saga.tables import INTENT, OPERATION, STEP, UNIT

NOW = func.clock_timestamp()
Steps = Mapping[str, Row[Any]]
_UNIT_COLUMNS = (
    UNIT,
    func.extract("epoch", UNIT.c.next_look_at - NOW).label("due_in_seconds"),
    func.extract("epoch", NOW - UNIT.c.started_at).label("running_for_seconds"),
)


class UnitRow(msgspec.Struct, frozen=True, kw_only=True):
    """A unit as the engine sees it; times are seconds from now by the database's clock, None where unset."""

    step: str
    key: str
    payload: dict[str, Any]
    phase: Phase
    state: str
    attempts: int
    note: str | None
    reason: Reason | None = None
    due_in_seconds: float | None
    running_for_seconds: float | None


class StepRead(NamedTuple):
    """A step as it is now: its operation, the operation's nudges, the units, and those that were just ``begun``."""

    operation: Operation
    nudges: int
    units: list[UnitRow]
    begun: frozenset[str] = frozenset()


class Ledger:
    """The rows of one operation under one lease (``fence``); ``stopped`` once it has parked or ended."""

    def __init__(self, db: Database, operation: Operation, on_change: OnChange) -> None:
        self._db = db
        self._on_change = on_change
        self._id = operation.id
        self._project_id = operation.project_id
        self.fence = operation.fence
        self.stopped = False

    @asynccontextmanager
    async def fenced(self, *states: str) -> AsyncIterator[tuple[AsyncConnection, Row[Any]]]:
        """Open a transaction that holds the operation's row; nobody can take the lease while it is open.

        Raises LeaseLost when somebody already has, Interrupted when the operation is in none of ``states`` (if given).
        """
        query = select(OPERATION).where(OPERATION.c.id == self._id, OPERATION.c.fence == self.fence)
        async with self._db.project(self._project_id) as transaction:
            row = (await transaction.execute(query.with_for_update(key_share=True))).one_or_none()
            if row is None:
                raise LeaseLost(
                    f"Another worker has operation {self._id}; its lease {self.fence} is not ours any more."
                )
            if states and row.state not in states:
                raise Interrupted(f"Operation {self._id} is {row.state}.")
            yield transaction, row

    async def read(self) -> tuple[Operation, Steps]:
        """Return the operation as it is now, and the rows of its steps by name."""
        async with self.fenced() as (transaction, row):
            steps = await transaction.execute(select(STEP).where(STEP.c.operation_id == self._id))
            return operation_of(row), {step.name: step for step in steps}

    async def start(self) -> Operation:
        """Begin the forward phase of a queued operation."""
        async with self.fenced("queued") as (transaction, _):
            return await self._set_operation(transaction, {"state": "running", "started_at": NOW})

    async def park(self, step: str, phase: Phase, reason: Reason, *, begun: bool = True) -> Operation:
        """Stop at ``step`` until somebody resumes or undoes. A step that has not ``begun`` stays pending."""
        async with self.fenced("running" if phase == "forward" else "undoing") as (transaction, row):
            kept = reason_row(reason)
            if begun:
                await self._set_step(transaction, operation_of(row), step, state="failed", phase=phase, reason=kept)
            values = {"state": "parked", "step": step, "reason": kept, **_no_lease()}
            parked = await self._set_operation(transaction, values)
        self.stopped = True
        return parked

    async def begin_undo(self, state: str, *, reason: Reason | None = None, ends_in: str = "undone") -> Operation:
        """Turn from ``state`` to undoing; the operation will end in ``ends_in``."""
        values: dict[str, Any] = {"state": "undoing", "phase": "undo", "undo_ends_in": ends_in}
        if reason is not None:
            values["reason"] = reason_row(reason)
        async with self.fenced(state) as (transaction, _):
            return await self._set_operation(transaction, values)

    async def end(self, state: str) -> Operation:
        """Go from ``state`` (running or undoing) to the final state that it leads to, and give the lease back."""
        async with self.fenced(state) as (transaction, row):
            ends = "succeeded" if state == "running" else row.undo_ends_in
            values = {"state": ends, "step": None, "ended_at": NOW, **_no_lease()}
            ended = await self._set_operation(transaction, values)
        self.stopped = True
        return ended

    async def release(self, *, seconds: float, seen_nudges: int | None) -> None:
        """Give the lease back until ``seconds`` have passed, or less when a nudge came since ``seen_nudges``."""
        later = NOW + timedelta(seconds=seconds)
        due = later if seen_nudges is None else case((OPERATION.c.nudges != seen_nudges, NOW), else_=later)
        mine = (OPERATION.c.id == self._id) & (OPERATION.c.fence == self.fence)
        async with self._db.project(self._project_id) as transaction:
            values = {"lease_owner": None, "lease_until": None, "next_look_at": due}
            await transaction.execute(update(OPERATION).where(mine).values(values))

    async def extend(self, seconds: float) -> str:
        """Renew the lease and return the operation's state. Raises LeaseLost."""
        mine = (OPERATION.c.id == self._id) & (OPERATION.c.fence == self.fence)
        renew = update(OPERATION).where(mine).values(lease_until=NOW + timedelta(seconds=seconds))
        async with self._db.project(self._project_id) as transaction:
            state = (await transaction.execute(renew.returning(OPERATION.c.state))).scalar_one_or_none()
        if state is None:
            raise LeaseLost(f"Another worker has operation {self._id}; nothing may be called outside for it here.")
        return str(state)

    async def touches_outside(self) -> bool:
        """Say whether anything exists outside, or may: an intent that is open or done."""
        query = select(exists().where(INTENT.c.operation_id == self._id, INTENT.c.state != "void"))
        async with self._db.project(self._project_id) as transaction:
            return bool((await transaction.execute(query)).scalar_one())

    async def read_step(self, step: str) -> StepRead:
        """Return the operation as it is now, its count of nudges, and the units of one step in order."""
        async with self.fenced() as (transaction, row):
            return StepRead(operation_of(row), row.nudges, await self._units(transaction, step))

    async def results(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Return what the units of all steps kept, by step and key."""
        query = select(UNIT.c.step, UNIT.c.key, UNIT.c.result).where(UNIT.c.operation_id == self._id)
        async with self._db.project(self._project_id) as transaction:
            rows = (await transaction.execute(query.where(UNIT.c.result.is_not(None)))).all()
        return {(row.step, row.key): row.result for row in rows}

    async def begin_step(self, step: str, units: Sequence[Unit], at_once: int) -> StepRead:
        """Begin a forward step with its units (those that are there stay), the first ``at_once`` of them too."""
        async with self.fenced("running") as (transaction, row):
            begun = await self._add_units(transaction, step, units, at_once)
            values = {"state": "running", "started_at": NOW, "ended_at": None, "reason": None}
            await self._set_step(transaction, operation_of(row), step, phase="forward", **values)
            operation = await self._set_operation(transaction, {"step": step}, tell=False)
            for key in begun:
                await self._on_change(transaction, operation, Change("running", "forward", step, key))
            return StepRead(operation, row.nudges, await self._units(transaction, step), frozenset(begun))

    async def begin_step_undo(self, step: str, *, nothing_to_undo: bool) -> None:
        """Begin to undo a step: units that were never begun count as undone."""
        mine = (UNIT.c.operation_id == self._id) & (UNIT.c.step == step) & (UNIT.c.phase == "forward")
        untouched = UNIT.c.state == "pending" if not nothing_to_undo else UNIT.c.state.is_not(None)
        fresh = {"phase": "undo", "attempts": 0, "note": None, "reason": None, "ended_at": None, "next_look_at": None}
        state = case((untouched, "done"), else_="pending")
        async with self.fenced() as (transaction, row):
            await transaction.execute(update(UNIT).where(mine).values(**fresh, state=state, started_at=None))
            values = {"state": "running", "started_at": NOW, "ended_at": None, "reason": None}
            await self._set_step(transaction, operation_of(row), step, phase="undo", **values)
            await self._set_operation(transaction, {"step": step}, tell=False)

    async def end_step(self, step: str, phase: Phase) -> None:
        """Mark a step done in its phase."""
        async with self.fenced() as (transaction, row):
            await self._set_step(transaction, operation_of(row), step, phase=phase, state="done", ended_at=NOW)

    async def set_unit(
        self,
        unit: UnitRow,
        *,
        next_look_in_seconds: float | None = None,
        seen_nudges: int | None = None,
        tell: bool = True,
        ends_step: bool = False,
        **values: Any,
    ) -> UnitRow:
        """Change a unit's row and tell of it; with ``ends_step`` its step is done too.

        A nudge since ``seen_nudges`` makes a waiting unit due at once.
        """
        if next_look_in_seconds is not None:
            values["next_look_at"] = NOW + timedelta(seconds=next_look_in_seconds)
        mine = (UNIT.c.operation_id == self._id) & (UNIT.c.step == unit.step) & (UNIT.c.key == unit.key)
        async with self.fenced() as (transaction, row):
            if seen_nudges is not None and row.nudges != seen_nudges:
                values["next_look_at"] = NOW
            changed = (
                await transaction.execute(update(UNIT).where(mine).values(values).returning(*_UNIT_COLUMNS))
            ).one()
            if tell:
                reason = msgspec.convert(changed.reason, Reason | None)
                change = Change(changed.state, changed.phase, unit.step, unit.key, changed.note, reason)
                await self._on_change(transaction, operation_of(row), change)
            if ends_step:
                ended = {"phase": unit.phase, "state": "done", "ended_at": NOW}
                await self._set_step(transaction, operation_of(row), unit.step, **ended)
            return _unit_row(changed)

    async def put_intent(self, step: str, unit: str, kind: str, key: str, payload: dict[str, Any]) -> Row[Any]:
        """Write that a call will be made, or find what an earlier try wrote; a void one is open again."""
        values = {
            "operation_id": self._id,
            "project_id": self._project_id,
            **{"step": step, "unit": unit, "kind": kind, "key": key},
            **{"payload": payload, "fence": self.fence, "state": "open"},
        }
        state = case((INTENT.c.state == "void", "open"), else_=INTENT.c.state)
        query = upsert(INTENT).values(values)
        query = query.on_conflict_do_update(
            index_elements=list(INTENT.primary_key.columns), set_={"fence": self.fence, "state": state}
        )
        async with self.fenced() as (transaction, _):
            written: Row[Any] = (await transaction.execute(query.returning(INTENT))).one()
        return written

    async def settle_intent(self, intent: Row[Any], state: str, outcome: dict[str, Any] | None) -> None:
        """Write how a call ended: ``done`` with what it made, or ``void`` when it certainly made nothing."""
        mine = [column == getattr(intent, column.name) for column in INTENT.primary_key.columns]
        values = {"state": state, "outcome": outcome, "settled_at": NOW}
        async with self.fenced() as (transaction, _):
            await transaction.execute(update(INTENT).where(*mine).values(values))

    async def intents(self, step: str, unit: str) -> Sequence[Row[Any]]:
        """Return the intents of a unit, the oldest first."""
        mine = (INTENT.c.operation_id == self._id) & (INTENT.c.step == step) & (INTENT.c.unit == unit)
        async with self._db.project(self._project_id) as transaction:
            return (await transaction.execute(select(INTENT).where(mine).order_by(INTENT.c.created_at))).all()

    async def _add_units(
        self, transaction: AsyncConnection, step: str, units: Sequence[Unit], at_once: int
    ) -> list[str]:
        """Add what is not there, the first ``at_once`` as running; returns the keys of those."""
        rows = [self._new_unit(step, position, unit) for position, unit in enumerate(units)]
        add = upsert(UNIT).on_conflict_do_nothing()
        begun: set[str] = set()
        if running := [{**row, "state": "running"} for row in rows[:at_once]]:
            query = add.values(started_at=NOW).returning(UNIT.c.key)
            begun = set((await transaction.execute(query, running)).scalars())
        if pending := rows[at_once:]:
            await transaction.execute(add, pending)
        return [row["key"] for row in running if row["key"] in begun]

    def _new_unit(self, step: str, position: int, unit: Unit) -> dict[str, Any]:
        place = {"operation_id": self._id, "project_id": self._project_id, "step": step, "position": position}
        return {**place, "key": unit.key, "payload": unit.payload, "phase": "forward", "state": "pending"}

    async def _units(self, transaction: AsyncConnection, step: str) -> list[UnitRow]:
        query = select(*_UNIT_COLUMNS).where(UNIT.c.operation_id == self._id, UNIT.c.step == step)
        return [_unit_row(unit) for unit in await transaction.execute(query.order_by(UNIT.c.position))]

    async def _set_operation(
        self, transaction: AsyncConnection, values: dict[str, Any], *, tell: bool = True
    ) -> Operation:
        query = update(OPERATION).where(OPERATION.c.id == self._id).values(**values, changed_at=NOW)
        operation = operation_of((await transaction.execute(query.returning(OPERATION))).one())
        if tell:
            change = Change(operation.state, operation.phase, reason=operation.reason)
            await self._on_change(transaction, operation, change)
        return operation

    async def _set_step(self, transaction: AsyncConnection, operation: Operation, step: str, **values: Any) -> None:
        mine = (STEP.c.operation_id == self._id) & (STEP.c.name == step)
        row = (await transaction.execute(update(STEP).where(mine).values(values).returning(STEP))).one()
        reason = msgspec.convert(row.reason, Reason | None)
        await self._on_change(transaction, operation, Change(row.state, row.phase, step, reason=reason))


def _no_lease() -> dict[str, Any]:
    return {"lease_owner": None, "lease_until": None}


def _unit_row(row: Row[Any]) -> UnitRow:
    fields = {name: row._mapping[name] for name in UnitRow.__struct_fields__}
    for name in ("due_in_seconds", "running_for_seconds"):
        fields[name] = None if fields[name] is None else float(fields[name])
    return msgspec.convert(fields, UnitRow)
