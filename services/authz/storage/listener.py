"""Hear what other processes of authz changed."""

import asyncio
from contextlib import suppress

import asyncpg

from services.authz.storage import revocations
from services.authz.storage.changes import CHANNEL, REVOCATIONS
from services.authz.storage.holdings_cache import HoldingsCache
from services.chassis.auth.revocation import Revocations
from services.chassis.db import Database
from services.chassis.log import get_logger
from services.chassis.waking import woken_within

log = get_logger("authz.listener")
_LOOK_SECONDS = 5.0
_RETRY_SECONDS = 1.0


class ChangeListener:
    """Keeps the holdings in memory and the revocations true; one task a process."""

    def __init__(self, db: Database, holdings: HoldingsCache, known: Revocations) -> None:
        self._db = db
        self._holdings = holdings
        self._known = known
        self._wake = asyncio.Event()
        self._read_until = 0

    async def run(self) -> None:
        """Listen until cancelled; without a connection nothing is kept in memory."""
        while True:
            try:
                await self._listen()
            except Exception as error:
                log.warning("listener.lost", error=repr(error))
            finally:
                self._holdings.clear(fresh=False)
            await asyncio.sleep(_RETRY_SECONDS)

    async def _listen(self) -> None:
        connection = await self._db.listener()
        try:
            await connection.add_listener(CHANNEL, self._heard)
            self._holdings.clear(fresh=True)
            while True:
                self._wake.clear()
                await self._read_revocations()
                await woken_within(self._wake, _LOOK_SECONDS)
                await connection.execute("SELECT 1", timeout=_LOOK_SECONDS)
        finally:
            with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await connection.close(timeout=_RETRY_SECONDS)

    async def _read_revocations(self) -> None:
        async with self._db.unscoped() as tx:
            for one in await revocations.since(tx, self._read_until):
                self._known.add(one)
                self._read_until = one.number

    def _heard(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        if payload == REVOCATIONS:
            self._wake.set()
        else:
            self._holdings.forget(str(payload))
