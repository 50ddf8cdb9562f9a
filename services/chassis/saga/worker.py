"""A worker: takes operations that are due, drives many at once, keeps their leases, gives them back."""

import asyncio
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import asyncpg
import structlog
from sqlalchemy import func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.db import Database, is_transient
from services.chassis.saga.drive import OperationDrive
from services.chassis.saga.errors import LeaseLost
from services.chassis.saga.ledger import NOW
from services.chassis.saga.model import BeforeForward, OnChange, Operation, Saga, always, silently
from services.chassis.saga.rows import operation_of
from services.chassis.saga.settings import SagaSettings
from services.chassis.saga.states import ACTIVE, CHANNEL
from services.chassis.saga.tables import OPERATION
from services.chassis.saga.watch import Watch, unwatched

_log = structlog.get_logger(room="saga")
_BROKEN_RETRY_SECONDS = 5.0
_SOON_SECONDS = 0.05


class SagaWorker:
    """Runs the operations of ``sagas`` (all versions that this release knows). Several workers share the work.

    ``deps`` goes to each step as ``ctx.deps``. ``on_change`` is told of each change, in its transaction.
    ``before_forward`` is asked before each new forward step and may raise Suspended. ``watch`` sees each moment of each
    unit; it is there for tests that end their own worker at a chosen one.
    """

    def __init__(
        self,
        db: Database,
        sagas: Sequence[Saga],
        deps: Any,
        settings: SagaSettings | None = None,
        *,
        on_change: OnChange = silently,
        before_forward: BeforeForward = always,
        watch: Watch = unwatched,
    ) -> None:
        self._db = db
        self._sagas = {(saga.name, saga.version): saga for saga in sagas}
        self._deps = deps
        self._settings = settings or SagaSettings()
        self._on_change = on_change
        self._before_forward = before_forward
        self._watch = watch
        self._name = f"{socket.gethostname()}/{os.getpid()}"
        self._drives: dict[str, tuple[OperationDrive, asyncio.Task[None]]] = {}
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Work until cancelled; then stop what runs and give its leases back. Outages are waited out."""
        helpers = [asyncio.create_task(help()) for help in (self._listen, self._keep_leases)]
        try:
            while True:
                self._wake.clear()
                seconds = await self._take_due()
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await self._wake.wait()
        finally:
            for task in helpers:
                task.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            await self._give_back()

    @property
    def running(self) -> int:
        """How many operations it drives now."""
        return len(self._drives)

    async def _take_due(self) -> float:
        """Start to drive what is due; return for how many seconds nothing more will be."""
        try:
            free = self._free()
            if free <= 0:
                return _SOON_SECONDS
            async with self._db.all_projects(purpose="take operations that are due") as transaction:
                taken = await self._claim(transaction, free)
                busy = [*self._drives, *(operation.id for operation in taken)]
                seconds = await self._seconds_to_next(transaction, busy)
            for operation in taken:
                self._begin(operation)
            return seconds if len(taken) < free else _SOON_SECONDS
        except Exception as error:
            _report("saga.claim_failed", error)
            return self._poll

    @property
    def _poll(self) -> float:
        return self._settings.poll_seconds

    def _free(self) -> int:
        """Return how many more operations it may take."""
        at_work = sum(drive.is_at_work() for drive, _ in self._drives.values())
        return min(self._settings.operations - len(self._drives), self._settings.at_work - at_work)

    async def _claim(self, transaction: AsyncConnection, limit: int) -> list[Operation]:
        """Take the lease of operations that are due and that no living worker has; those first that have begun."""
        free = or_(OPERATION.c.lease_until.is_(None), OPERATION.c.lease_until < NOW)
        due = (
            select(OPERATION.c.id)
            .where(self._mine(), OPERATION.c.next_look_at <= NOW, free, OPERATION.c.id.not_in(list(self._drives)))
            .order_by(OPERATION.c.state == "queued", OPERATION.c.next_look_at)
            .limit(limit)
            .with_for_update(skip_locked=True, key_share=True)
            .cte("due")
        )
        lease = {
            "lease_owner": self._name,
            "lease_until": NOW + timedelta(seconds=self._settings.lease_seconds),
            "fence": OPERATION.c.fence + 1,
        }
        query = update(OPERATION).where(OPERATION.c.id.in_(select(due.c.id))).values(lease).returning(OPERATION)
        return [operation_of(row) for row in await transaction.execute(query)]

    async def _seconds_to_next(self, transaction: AsyncConnection, busy: list[str]) -> float:
        free_at = func.greatest(
            OPERATION.c.next_look_at, func.coalesce(OPERATION.c.lease_until, OPERATION.c.next_look_at)
        )
        query = select(func.extract("epoch", func.min(free_at) - NOW)).where(self._mine(), OPERATION.c.id.not_in(busy))
        seconds = (await transaction.execute(query)).scalar_one()
        return self._poll if seconds is None else min(max(float(seconds), 0.01), self._poll)

    def _mine(self) -> Any:
        return OPERATION.c.state.in_(ACTIVE) & tuple_(OPERATION.c.saga, OPERATION.c.version).in_(list(self._sagas))

    def _begin(self, operation: Operation) -> None:
        drive = OperationDrive(
            self._db,
            self._sagas[operation.saga, operation.version],
            operation,
            self._deps,
            self._settings,
            self._on_change,
            self._before_forward,
            self._watch,
        )
        task = asyncio.create_task(self._drive(drive), name=f"saga {operation.id}")
        self._drives[operation.id] = (drive, task)

    async def _drive(self, drive: OperationDrive) -> None:
        """Drive until the lease is given back. After an unexpected error the operation is looked at a little later."""
        structlog.contextvars.bind_contextvars(operation_id=drive.operation_id)
        try:
            await drive.run()
        except LeaseLost:
            _log.warning("saga.lease_lost", fence=drive.ledger.fence)
        except Exception as error:
            _report("saga.drive_broke", error)
            await self._release(drive, seconds=self._poll if is_transient(error) else _BROKEN_RETRY_SECONDS)
        finally:
            del self._drives[drive.operation_id]
            self._wake.set()

    async def _release(self, drive: OperationDrive, seconds: float) -> None:
        """Give a lease back; where that fails, it ends by itself."""
        with suppress(Exception):
            await drive.ledger.release(seconds=seconds, seen_nudges=None)

    async def _give_back(self) -> None:
        """Stop all drives and let other workers have their operations at once."""
        drives = list(self._drives.values())
        for _, task in drives:
            task.cancel()
        await asyncio.gather(*(task for _, task in drives), return_exceptions=True)
        await asyncio.gather(*(self._release(drive, 0.0) for drive, _ in drives))

    async def _keep_leases(self) -> None:
        """Renew all leases three times within their length; a drive that lost its own is stopped."""
        while True:
            await asyncio.sleep(self._settings.lease_seconds / 3)
            try:
                await self._renew()
            except Exception as error:
                _report("saga.leases_not_renewed", error)

    async def _renew(self) -> None:
        held = {drive.operation_id: drive.ledger.fence for drive, _ in self._drives.values()}
        if not held:
            return
        until = NOW + timedelta(seconds=self._settings.lease_seconds)
        query = (
            update(OPERATION)
            .where(
                tuple_(OPERATION.c.id, OPERATION.c.fence).in_(list(held.items())), OPERATION.c.lease_until.is_not(None)
            )
            .values(lease_until=until)
            .returning(OPERATION.c.id, OPERATION.c.state)
        )
        async with self._db.all_projects(purpose="renew leases of operations") as transaction:
            states = {row.id: row.state for row in await transaction.execute(query)}
        for operation_id in held:
            self._after_renewal(operation_id, held[operation_id], states.get(operation_id))

    def _after_renewal(self, operation_id: str, fence: int, state: str | None) -> None:
        drive, task = self._drives.get(operation_id, (None, None))
        if drive is None or task is None or drive.ledger.fence != fence:
            return
        if state is None:
            _log.warning("saga.lease_lost", operation_id=operation_id, fence=fence)
            task.cancel()
        elif state == "cancelling":
            drive.poke()

    async def _listen(self) -> None:
        """Hear of new operations and of requests; without it, polling finds them a little later."""
        while True:
            try:
                connection = await self._db.listener()
                try:
                    await connection.add_listener(CHANNEL, self._on_notify)
                    while True:
                        await connection.execute("SELECT 1")
                        await asyncio.sleep(self._settings.lease_seconds)
                finally:
                    with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                        await connection.close(timeout=1.0)
            except Exception as error:
                _report("saga.not_listening", error)
            await asyncio.sleep(self._poll)

    def _on_notify(self, _connection: object, _pid: int, _channel: str, operation_id: object) -> None:
        if str(operation_id) in self._drives:
            self._drives[str(operation_id)][0].poke()
        self._wake.set()


def _report(event: str, error: Exception) -> None:
    if is_transient(error):
        _log.warning(event, error=f"{type(error).__name__}: {error}")
    else:
        _log.error(event, error=f"{type(error).__name__}: {error}", exc_info=error)
