"""The rows that a caller may see."""

from contextlib import AbstractAsyncContextManager
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.routing import Call
from services.runner.factory import Factory


def transaction(call: Call[Factory, Any, Any], purpose: str) -> AbstractAsyncContextManager[AsyncConnection]:
    """Open a transaction on the projects where the caller holds the route's permission."""
    scope = call.caller.scope()
    db = call.context.db
    return db.all_projects(purpose=purpose) if scope.everywhere else db.project(*scope.projects)
