"""Open a transaction on what a caller may see."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.auth.caller import Scope
from services.chassis.db import Database


@asynccontextmanager
async def within(db: Database, scope: Scope, purpose: str) -> AsyncIterator[AsyncConnection]:
    """Open a transaction that sees the scope's projects and no other row; of an empty scope it sees none."""
    some = db.project(*scope.projects) if scope.projects else db.unscoped()
    opened = db.all_projects(purpose=purpose) if scope.everywhere else some
    async with opened as tx:
        yield tx
