"""Hear from PostgreSQL which projects have new events."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import asyncpg

from services.chassis.db import Database
from services.chassis.log import get_logger
from services.events.storage.history import CHANNEL

log = get_logger("events.listener")
_ALIVE_SECONDS = 5.0
_RETRY_SECONDS = 0.5

Woken = Callable[[str | None], None]


class Listener:
    """``woken`` gets the project's id; None after each (re)connection, when notifications may have been missed."""

    def __init__(self, db: Database, woken: Woken) -> None:
        self._db = db
        self._woken = woken

    async def run(self) -> None:
        """Listen until cancelled; waits out a database that is away."""
        while True:
            try:
                await self._listen()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("listener.lost", error=repr(error))
            await asyncio.sleep(_RETRY_SECONDS)

    async def _listen(self) -> None:
        connection = await self._db.listener()
        try:
            await connection.add_listener(CHANNEL, self._heard)
            self._woken(None)
            while True:
                await asyncio.sleep(_ALIVE_SECONDS)
                await connection.execute("SELECT 1", timeout=_ALIVE_SECONDS)
        finally:
            with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await connection.close(timeout=_RETRY_SECONDS)

    def _heard(self, _connection: object, _pid: int, _channel: str, project_id: object) -> None:
        self._woken(str(project_id))
