"""Open a transaction on what a caller may see."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.auth.caller import Scope
from services.chassis.db import Database


@asynccontextmanager
async def within(db: Database, scope: Scope, purpose: str) -> AsyncIterator[AsyncConnection]:
    """Open a transaction that sees the scope's projects and no other row."""
    opened = db.all_projects(purpose=purpose) if scope.everywhere else db.project(*scope.projects)
    async with opened as tx:
        yield tx
