"""What an event costs does not grow with the events that its project has, whatever PostgreSQL believes of the table."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.db import Database
from services.events.storage import history
from services.events.storage.history import Wanted
from services.events.tests.conftest import PROJECT, Asking, happened

_EVENTS = 1000
_BATCH = 50
_LIMIT = 10
_MOST_READ = _LIMIT + 2
_ROWS_READ = text(
    "SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables"
    " WHERE relname = 'events'"
)


class _Counting:
    """A database that counts the rows of events that its transactions read."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.read = 0

    @asynccontextmanager
    async def project(self, *project_ids: str) -> AsyncIterator[AsyncConnection]:
        async with self._db.project(*project_ids) as tx:
            before = (await tx.execute(_ROWS_READ)).scalar_one()
            try:
                yield tx
            finally:
                self.read += (await tx.execute(_ROWS_READ)).scalar_one() - before


async def _append(counting: Any) -> None:
    """Append a new event, and one that is known."""
    known = happened()
    for events in ([known], [known, happened()]):
        await history.append(counting, PROJECT, events)


async def _read(counting: Any, function: Callable[..., Awaitable[Any]]) -> None:
    async with counting.project(PROJECT) as tx:
        await function(tx, PROJECT)


@pytest.mark.parametrize(
    "act",
    [
        _append,
        partial(_read, function=history.extent),
        partial(_read, function=partial(history.following, after=_EVENTS // 2, limit=_LIMIT)),
        partial(
            _read, function=partial(history.page, wanted=Wanted("clu_1"), after=_EVENTS // 2, limit=_LIMIT, cursor=None)
        ),
    ],
    ids=["append", "extent", "following", "page"],
)
async def test_the_rows_that_are_read_are_those_that_are_asked_for(
    asking: Asking, act: Callable[[Any], Awaitable[None]]
) -> None:
    db = asking.service.context.db
    for _ in range(_EVENTS // _BATCH):
        await history.append(db, PROJECT, [happened() for _ in range(_BATCH)])
    counting = _Counting(db)
    await act(counting)
    assert counting.read <= _MOST_READ
