"""Notices to authz as rows, in the order in which they were written."""

from typing import Any

from sqlalchemy import Row, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.schema import authz_notice


async def add(tx: AsyncConnection, kind: str, target: str, reason: str) -> None:
    """Write a notice."""
    await tx.execute(insert(authz_notice).values(kind=kind, target=target, reason=reason))


async def oldest(tx: AsyncConnection) -> Row[Any] | None:
    """Return the oldest notice and keep others from it; waits for whoever has it, and then there may be none."""
    query = select(authz_notice).order_by(authz_notice.c.number).limit(1).with_for_update()
    return (await tx.execute(query)).first()


async def forget(tx: AsyncConnection, number: int) -> None:
    """Remove a notice that was given."""
    await tx.execute(delete(authz_notice).where(authz_notice.c.number == number))


async def any_left(tx: AsyncConnection) -> bool:
    """Tell whether there are notices still to be given."""
    return (await tx.execute(select(authz_notice.c.number).limit(1))).first() is not None
