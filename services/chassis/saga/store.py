"""Create operations, read them, and ask for a cancel, an undo, a resume or a look."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Select, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.db import Keyset
from services.chassis.ids import new_id
from services.chassis.saga.errors import NoSuchOperation, WrongState
from services.chassis.saga.model import Change, OnChange, Operation, Saga, StepView, UnitView, silently
from services.chassis.saga.rows import operation_of, step_of, unit_of
from services.chassis.saga.states import ACTIVE, CHANNEL, OPERATION_STATES
from services.chassis.saga.tables import OPERATION, STEP, UNIT

_NEWEST = Keyset((OPERATION.c.created_at, "desc"), (OPERATION.c.id, "desc"))


class OperationPage(msgspec.Struct, frozen=True):
    """Some operations, the newest first, and the cursor of the next page."""

    operations: Sequence[Operation]
    next_cursor: str | None


class OperationStore:
    """The operations of one service. All methods work in the caller's transaction and see what its scope sees.

    ``sagas`` tells which operations cannot be undone; ``on_change`` is told of each change that is asked for here.
    """

    def __init__(self, sagas: Sequence[Saga] = (), on_change: OnChange = silently) -> None:
        self._irreversible = {(saga.name, saga.version) for saga in sagas if not saga.reversible}
        self._on_change = on_change

    async def create(
        self,
        transaction: AsyncConnection,
        saga: Saga,
        *,
        project_id: str,
        subject: str,
        params: dict[str, Any],
        context: dict[str, Any] | None = None,
        operation_id: str | None = None,
    ) -> Operation:
        """Write a queued operation with its steps; a worker begins when the transaction commits."""
        operation_id = operation_id or new_id("op")
        values = {
            "id": operation_id,
            "project_id": project_id,
            "saga": saga.name,
            "version": saga.version,
            "subject": subject,
            "params": params,
            "context": context or {},
            "state": "queued",
            "phase": "forward",
            "undo_ends_in": "undone",
        }
        row = (await transaction.execute(insert(OPERATION).values(values).returning(OPERATION))).one()
        await transaction.execute(insert(STEP), _step_rows(saga, operation_id, project_id))
        return await self._tell(transaction, operation_of(row))

    async def get(self, transaction: AsyncConnection, operation_id: str) -> Operation | None:
        """Return one operation, or None."""
        row = (await transaction.execute(select(OPERATION).where(OPERATION.c.id == operation_id))).one_or_none()
        return operation_of(row) if row else None

    async def page(
        self,
        transaction: AsyncConnection,
        *,
        limit: int = 50,
        cursor: str | None = None,
        subject: str | None = None,
        states: Sequence[str] = (),
    ) -> OperationPage:
        """Return a page of operations, the newest first. Raises BadCursor."""
        query: Select[Any] = select(OPERATION)
        if subject is not None:
            query = query.where(OPERATION.c.subject == subject)
        if states:
            query = query.where(OPERATION.c.state.in_(states))
        page = await _NEWEST.fetch(transaction, query, limit=limit, cursor=cursor)
        return OperationPage([operation_of(row) for row in page.rows], page.next_cursor)

    async def steps(self, transaction: AsyncConnection, operation_id: str) -> list[StepView]:
        """Return the steps of an operation in order, each with its units."""
        units: dict[str, list[UnitView]] = defaultdict(list)
        for row in await transaction.execute(_of(UNIT, operation_id)):
            units[row.step].append(unit_of(row))
        steps = await transaction.execute(_of(STEP, operation_id))
        return [step_of(row, units[row.name]) for row in steps]

    def allowed(self, operation: Operation) -> list[str]:
        """Return which of ``resume``, ``cancel`` and ``undo`` can be asked for now."""
        reversible = (operation.saga, operation.version) not in self._irreversible
        if operation.state == "parked":
            return ["resume", "undo"] if reversible and operation.phase == "forward" else ["resume"]
        return ["cancel"] if reversible and operation.state in ("queued", "running") else []

    async def request_cancel(self, transaction: AsyncConnection, operation_id: str) -> Operation:
        """Stop what runs and undo the steps. Asking again changes nothing. Raises WrongState, NoSuchOperation."""
        operation = await self._lock(transaction, operation_id)
        if operation.state in ("cancelling", "undoing"):
            return operation
        if operation.state == "parked" and operation.phase == "forward":
            return await self.request_undo(transaction, operation_id)
        self._require(operation, "cancel")
        return await self._change(transaction, operation_id, state="cancelling")

    async def request_undo(self, transaction: AsyncConnection, operation_id: str) -> Operation:
        """Undo the steps of a parked operation. Raises WrongState, NoSuchOperation."""
        operation = await self._lock(transaction, operation_id)
        self._require(operation, "undo")
        return await self._change(transaction, operation_id, state="undoing", phase="undo", reason=None)

    async def resume(self, transaction: AsyncConnection, operation_id: str) -> Operation:
        """Go on where a parked operation stopped, with the units that are not done. Raises WrongState."""
        operation = await self._lock(transaction, operation_id)
        self._require(operation, "resume")
        await self._retry_failed_units(transaction, operation)
        state = "running" if operation.phase == "forward" else "undoing"
        return await self._change(transaction, operation_id, state=state, reason=None)

    async def hand_over(self, transaction: AsyncConnection, operation_id: str, context: dict[str, Any]) -> None:
        """Let a parked operation go on in another's name: its service's own ``context`` is replaced."""
        parked = (OPERATION.c.id == operation_id) & (OPERATION.c.state == "parked")
        await transaction.execute(update(OPERATION).where(parked).values(context=context))

    async def nudge(self, transaction: AsyncConnection, operation_id: str) -> None:
        """Have a waiting operation looked at as soon as this transaction commits; nothing happens to others."""
        mine = (OPERATION.c.id == operation_id) & OPERATION.c.state.in_(ACTIVE)
        values = {"nudges": OPERATION.c.nudges + 1, "next_look_at": func.now()}
        found = await transaction.execute(update(OPERATION).where(mine).values(values).returning(OPERATION.c.id))
        if found.scalar_one_or_none() is not None:
            waits = (UNIT.c.operation_id == operation_id) & (UNIT.c.state == "waiting")
            await transaction.execute(update(UNIT).where(waits).values(next_look_at=func.now()))
            await _wake(transaction, operation_id)

    async def _lock(self, transaction: AsyncConnection, operation_id: str) -> Operation:
        query = select(OPERATION).where(OPERATION.c.id == operation_id).with_for_update(key_share=True)
        row = (await transaction.execute(query)).one_or_none()
        if row is None:
            raise NoSuchOperation(operation_id=operation_id)
        return operation_of(row)

    def _require(self, operation: Operation, wish: str) -> None:
        allowed = self.allowed(operation)
        if wish not in allowed:
            sentence = OPERATION_STATES[operation.state].sentence
            hint = f"Now possible: {', '.join(allowed)}." if allowed else "Nothing can be asked of it now."
            raise WrongState(f"{wish.capitalize()} is not possible: it is {operation.state}. {sentence}", hint=hint)

    async def _change(self, transaction: AsyncConnection, operation_id: str, **values: Any) -> Operation:
        values |= {"changed_at": func.now(), "next_look_at": func.now(), "nudges": OPERATION.c.nudges + 1}
        query = update(OPERATION).where(OPERATION.c.id == operation_id).values(values).returning(OPERATION)
        return await self._tell(transaction, operation_of((await transaction.execute(query)).one()))

    async def _retry_failed_units(self, transaction: AsyncConnection, operation: Operation) -> None:
        fresh = {"state": "pending", "attempts": 0, "reason": None, "started_at": None, "next_look_at": None}
        failed = (UNIT.c.operation_id == operation.id) & (UNIT.c.state == "failed")
        await transaction.execute(update(UNIT).where(failed).values(**fresh, note=None, ended_at=None))
        stopped = (STEP.c.operation_id == operation.id) & (STEP.c.state == "failed")
        await transaction.execute(update(STEP).where(stopped).values(state="running", reason=None, ended_at=None))

    async def _tell(self, transaction: AsyncConnection, operation: Operation) -> Operation:
        await self._on_change(transaction, operation, Change(operation.state, operation.phase))
        await _wake(transaction, operation.id)
        return operation


def _of(table: Any, operation_id: str) -> Select[Any]:
    return select(table).where(table.c.operation_id == operation_id).order_by(table.c.position)


async def _wake(transaction: AsyncConnection, operation_id: str) -> None:
    await transaction.execute(text("SELECT pg_notify(:channel, :id)"), {"channel": CHANNEL, "id": operation_id})


def _step_rows(saga: Saga, operation_id: str, project_id: str) -> list[dict[str, Any]]:
    return [
        {
            "operation_id": operation_id,
            "name": step.name,
            "project_id": project_id,
            "position": position,
            "title": step.title,
            "phase": "forward",
            "state": "pending",
        }
        for position, step in enumerate(saga.steps)
    ]
