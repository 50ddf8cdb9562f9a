"""Move events from the outbox to the bus: at least once, in order of each subject."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

import asyncpg
import structlog
from sqlalchemy import Row, func, select, update

from services.chassis.bus.event import Event, decode
from services.chassis.db import Database, is_transient
from services.chassis.outbox.outbox import CHANNEL
from services.chassis.outbox.purge import purge
from services.chassis.outbox.settings import OutboxSettings
from services.chassis.outbox.tables import OUTBOX

_log = structlog.get_logger(room="outbox")

Publish = Callable[[Event], Awaitable[None]]


class OutboxPublisher:
    """One of a service's workers publishes at a time (an advisory lock says which); the others stand by.

    One that says nothing to the database for ``lead_seconds``, frozen or held up by the broker, loses the lock.
    ``publish`` returns once the broker has confirmed. A row is marked only after that, so a crash in between sends
    the event again, which the inbox of its consumers recognises.
    """

    def __init__(self, db: Database, publish: Publish, settings: OutboxSettings | None = None) -> None:
        self._db = db
        self._publish = publish
        self._settings = settings or OutboxSettings()
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Publish until cancelled; outages of database and broker are waited out."""
        while True:
            try:
                await self._stand_by()
            except Exception as error:
                log = _log.warning if is_transient(error) else _log.error
                log("outbox.interrupted", error=f"{type(error).__name__}: {error}")
            await asyncio.sleep(self._settings.retry_seconds)

    async def _stand_by(self) -> None:
        """Wait for our turn, then publish until the connection that holds the lock is lost."""
        connection = await self._db.listener(self._settings.lead_seconds)
        try:
            await self._wait_for_lock(connection)
            await connection.add_listener(CHANNEL, self._on_notify)
            await self._lead(connection)
        finally:
            with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await connection.close(timeout=self._settings.retry_seconds)

    async def _wait_for_lock(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        while True:
            if await connection.fetchval(f"SELECT pg_try_advisory_lock(hashtext('{CHANNEL}'))"):
                return
            await asyncio.sleep(self._settings.poll_seconds)

    async def _lead(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        loop = asyncio.get_running_loop()
        purge_at = loop.time()
        while True:
            self._wake.clear()
            await connection.execute("SELECT 1")
            while await self.publish_batch() == self._settings.batch:
                await connection.execute("SELECT 1")
            if loop.time() >= purge_at:
                await purge(self._db, self._settings)
                purge_at = loop.time() + self._settings.purge_every_seconds
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.poll_seconds):
                    await self._wake.wait()
                    await asyncio.sleep(self._settings.gather_seconds)

    async def publish_batch(self) -> int:
        """Publish the oldest waiting events; return how many. Subjects go side by side, each in its own order.

        What was confirmed before a failure is marked; then the first failure is raised.
        """
        chains: dict[str, list[Row[Any]]] = defaultdict(list)
        for row in await self._waiting():
            chains[row.subject].append(row)
        confirmed: list[int] = []
        ends = await asyncio.gather(
            *(self._send(chain, confirmed) for chain in chains.values()), return_exceptions=True
        )
        if confirmed:
            await self._mark(confirmed)
        for end in ends:
            if end is not None:
                raise end
        return len(confirmed)

    async def _send(self, chain: Sequence[Row[Any]], confirmed: list[int]) -> None:
        for row in chain:
            await self._publish(decode(row.body))
            confirmed.append(row.position)

    async def _waiting(self) -> Sequence[Row[Any]]:
        query = select(OUTBOX).where(OUTBOX.c.sent_at.is_(None)).order_by(OUTBOX.c.position)
        async with self._db.unscoped() as transaction:
            return (await transaction.execute(query.limit(self._settings.batch))).all()

    async def _mark(self, positions: list[int]) -> None:
        query = update(OUTBOX).where(OUTBOX.c.position.in_(positions)).values(sent_at=func.now())
        async with self._db.unscoped() as transaction:
            await transaction.execute(query)

    def _on_notify(self, *_: object) -> None:
        self._wake.set()
