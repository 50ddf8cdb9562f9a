"""Open a transaction on what a caller may see, or read of it without one."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.auth.caller import Scope
from services.chassis.db import Database, Read


@asynccontextmanager
async def within(db: Database, scope: Scope, purpose: str) -> AsyncIterator[AsyncConnection]:
    """Open a transaction that sees the scope's projects and no other row; of an empty scope it sees none."""
    some = db.project(*scope.projects) if scope.projects else db.unscoped()
    opened = db.all_projects(purpose=purpose) if scope.everywhere else some
    async with opened as tx:
        yield tx


async def read_within(db: Database, scope: Scope, read: Read, values: Mapping[str, Any]) -> Sequence[Any]:
    """Return the rows of a read that lie in the scope, columns by name; of an empty scope none."""
    if scope.everywhere:
        return await db.read_all(read, values)
    return await db.read(read, values, scope.projects) if scope.projects else []
