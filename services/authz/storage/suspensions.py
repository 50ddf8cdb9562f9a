"""Whose account is suspended."""

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.authz.schema import suspension


async def put(tx: AsyncConnection, subject: str, reason: str) -> None:
    """Suspend a subject; one that is suspended stays so, for the new reason."""
    query = insert(suspension).values(subject=subject, reason=reason)
    await tx.execute(query.on_conflict_do_update(index_elements=["subject"], set_={"reason": reason}))


async def remove(tx: AsyncConnection, subject: str) -> bool:
    """Lift a suspension; tell whether there was one."""
    query = delete(suspension).where(suspension.c.subject == subject).returning(suspension.c.subject)
    return (await tx.execute(query)).scalar_one_or_none() is not None
