"""Transactions of one service on its own database."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError, InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from services.chassis.db.migrate import Schema
from services.chassis.db.readiness import check_ready
from services.chassis.db.reads import Read, Reads
from services.chassis.db.settings import DatabaseSettings, without_driver
from services.chassis.db.tenancy import SCOPE_SETTING

_ROLLBACK_SECONDS = 5.0
_PROJECT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Database:
    """A pool of connections; every transaction says whose rows it is about.

    Nothing connects until the first transaction. ``service`` names the connections in ``pg_stat_activity``.
    """

    def __init__(self, settings: DatabaseSettings, *, service: str) -> None:
        self._settings = settings
        self._service = service
        self._engine = _engine(settings, service)
        its_own = _server_settings(settings, service)
        self._reads = Reads(settings, its_own)
        self._reads_of_all = Reads(settings, {**its_own, "role": settings.reconciler_role or "none"})

    @asynccontextmanager
    async def project(self, *project_ids: str) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that sees the rows of ``project_ids`` and of no other project."""
        async with self._transaction({SCOPE_SETTING: _scope(project_ids)}) as transaction:
            yield transaction

    async def read(self, read: Read, values: Mapping[str, Any], project_ids: Sequence[str]) -> Sequence[asyncpg.Record]:
        """Return the rows of a read that sees ``project_ids`` and no other project, in one round trip."""
        return await self._reads.fetch(read, values, _scope(project_ids))

    async def read_all(self, read: Read, values: Mapping[str, Any]) -> Sequence[asyncpg.Record]:
        """Return the rows of a read that sees all projects, as operators do, in one round trip."""
        if self._settings.reconciler_role is None:
            raise RuntimeError("No reconciler role is configured, but all projects are asked for.")
        return await self._reads_of_all.fetch(read, values, "")

    @asynccontextmanager
    async def all_projects(self, *, purpose: str) -> AsyncIterator[AsyncConnection]:
        """Open a transaction of a reconciler: it sees all projects. ``purpose`` shows in ``pg_stat_activity``."""
        role = self._settings.reconciler_role
        if role is None:
            raise RuntimeError(f"No reconciler role is configured, but all projects are asked for: {purpose}.")
        async with self._transaction(
            {"role": role, "application_name": f"{self._service}: {purpose}"[:63]}
        ) as transaction:
            yield transaction

    @asynccontextmanager
    async def unscoped(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction for tables that belong to no project; tenants' tables look empty in it."""
        async with self._transaction({}) as transaction:
            yield transaction

    @asynccontextmanager
    async def _transaction(self, settings: Mapping[str, str]) -> AsyncIterator[AsyncConnection]:
        """Open a transaction with settings of its own; it begins and has them in one round trip.

        SQLAlchemy takes one for each, so that its part is left at AUTOCOMMIT here.
        """
        async with AsyncExitStack() as stack:
            connection = await self._connect()
            stack.push_async_exit(connection)
            driver = (await connection.get_raw_connection()).driver_connection
            if driver is None:
                raise ConnectionError("The pool's connection was closed meanwhile.")
            try:
                await driver.execute(_beginning(settings))
                yield connection
                await driver.execute("COMMIT")
            except BaseException:
                await _roll_back(driver)
                raise

    async def _connect(self) -> AsyncConnection:
        """Return a connection of the pool. Raises ConnectionError when the server ends each at once, as in a crash."""
        try:
            return await self._engine.connect()
        except InvalidRequestError as error:
            raise ConnectionError("The server ended each connection that was opened.") from error

    async def listener(self, idle_seconds: float = 0.0) -> "asyncpg.Connection[asyncpg.Record]":
        """Open a connection outside the pool, for LISTEN and for locks that outlive a transaction.

        The server ends it, and its locks, when nothing came from us for ``idle_seconds`` (0: never).
        """
        return await asyncpg.connect(
            without_driver(self._settings.url),
            timeout=self._settings.connect_timeout_seconds,
            server_settings={
                "application_name": f"{self._service}: listener",
                "idle_session_timeout": _milliseconds(idle_seconds),
            },
        )

    async def ready(self, schema: Schema) -> None:
        """Return when the database answers and its schema is one that this release runs on. Raises NotReady."""
        await check_ready(self._engine, schema)

    async def close(self) -> None:
        """Close all connections."""
        self._reads.close()
        self._reads_of_all.close()
        await self._engine.dispose()


def _engine(settings: DatabaseSettings, service: str) -> AsyncEngine:
    engine = create_async_engine(
        settings.driver_url,
        pool_size=settings.pool_size,
        max_overflow=0,
        pool_timeout=settings.connect_timeout_seconds,
        hide_parameters=True,
        isolation_level="AUTOCOMMIT",
        connect_args={
            "timeout": settings.connect_timeout_seconds,
            "server_settings": _server_settings(settings, service),
        },
    )
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


def _refuse_closed(connection: Any, _record: object, _proxy: object) -> None:
    """Have the pool open another connection for one that the server ended; asking it first took three round trips."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError("the server ended the connection")


def _server_settings(settings: DatabaseSettings, service: str) -> dict[str, str]:
    return {
        "application_name": service,
        "statement_timeout": _milliseconds(settings.statement_timeout_seconds),
        "idle_in_transaction_session_timeout": _milliseconds(settings.idle_in_transaction_seconds),
        "timezone": "UTC",
    }


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))


def _beginning(settings: Mapping[str, str]) -> str:
    """Return the script that begins a transaction with these settings, which end with it."""
    parts = (f"set_config({_literal(name)}, {_literal(value)}, true)" for name, value in settings.items())
    return f"BEGIN; SELECT {', '.join(parts)}" if settings else "BEGIN"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


async def _roll_back(driver: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Take back what a transaction did; a connection that can't be told is ended, which does it too."""
    try:
        await driver.execute("ROLLBACK", timeout=_ROLLBACK_SECONDS)
    except Exception:
        driver.terminate()
    except BaseException:
        driver.terminate()
        raise


def _scope(project_ids: Sequence[str]) -> str:
    """Return the scope as row-level security reads it; raises ValueError for none or for what is no project's id."""
    if not project_ids:
        raise ValueError("A project's transaction needs at least one project.")
    for project_id in project_ids:
        if not _PROJECT_ID.fullmatch(project_id):
            raise ValueError(f"Not a project's id: {project_id!r}.")
    return ",".join(project_ids)
