"""Reads in one round trip: a select that is compiled once, prepared once a connection, and sets its own scope.

A transaction by SQLAlchemy takes four (begin, scope, select, commit) and builds the statement anew.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import msgspec
from sqlalchemy import Select, literal_column
from sqlalchemy.dialects.postgresql import asyncpg as dialect

from services.chassis.db.settings import DatabaseSettings, without_driver
from services.chassis.db.tenancy import SCOPE_SETTING

_DIALECT: Any = dialect.dialect()  # type: ignore[no-untyped-call]
_SCOPED = (
    "SELECT found.* FROM (SELECT set_config('{setting}', ${place}, true) AS ids) AS scope "
    "CROSS JOIN LATERAL ({select}) AS found"
)
"""The scope's row is made before the select that refers to it runs, and ends with the statement.

Were it made later, the select would see no row: outside this statement the scope is empty.
"""


class Read:
    """A select with a limit, whose parameters are ``bindparam`` of text, number, truth, time or a list of these."""

    def __init__(self, query: Select[Any]) -> None:
        if query._limit_clause is None:
            raise ValueError("A read needs a limit; without one its scope might be set too late.")
        compiled = query.where(literal_column("scope.ids").is_not(None)).compile(dialect=_DIALECT)
        self._names = tuple(compiled.positiontup or ())
        self._fixed = {name: value for name, value in compiled.params.items() if not compiled.binds[name].required}
        self.text = _SCOPED.format(setting=SCOPE_SETTING, place=len(self._names) + 1, select=compiled.string)

    def arguments(self, values: Mapping[str, Any], scope: str) -> list[Any]:
        """Return what stands for ``$1`` and on; raises KeyError for a value that is missing."""
        given = {**self._fixed, **values}
        return [*(given[name] for name in self._names), scope]


class Reads:
    """Connections of their own, for reads alone; the first read opens the first one. ``server_settings`` are theirs."""

    def __init__(self, settings: DatabaseSettings, server_settings: dict[str, str]) -> None:
        self._settings = settings
        self._server_settings = server_settings
        self._opening = asyncio.Lock()
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None

    async def fetch(self, read: Read, values: Mapping[str, Any], scope: str) -> Sequence[asyncpg.Record]:
        """Return the rows of a read within ``scope``, projects separated by commas."""
        pool = self._pool or await self._opened()
        rows: Sequence[asyncpg.Record] = await pool.fetch(read.text, *read.arguments(values, scope))
        return rows

    def close(self) -> None:
        """Close the connections."""
        if self._pool:
            self._pool.terminate()

    async def _opened(self) -> "asyncpg.Pool[asyncpg.Record]":
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    without_driver(self._settings.url),
                    min_size=0,
                    max_size=self._settings.pool_size,
                    timeout=self._settings.connect_timeout_seconds,
                    server_settings={**self._server_settings, "default_transaction_read_only": "on"},
                    init=_decode_json,
                    reset=_leave,
                )
            return self._pool


async def _decode_json(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=_encoded, decoder=msgspec.json.decode)


def _encoded(value: Any) -> str:
    return msgspec.json.encode(value).decode()


async def _leave(_connection: object) -> None:
    """Nothing: a read leaves nothing behind that the next one would have to be kept from."""
