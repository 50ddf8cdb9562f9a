"""What was revoked, numbered without gaps, kept until everything that was issued before it has ended."""

import time

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.authz.schema import revocation
from services.authz.storage.changes import REVOCATIONS, one_at_a_time, tell
from services.chassis.auth.revocation import Revocation

KEPT_SECONDS = 8 * 86400
"""Longer than the longest mandate (seven days)."""

GRANTS_KEPT_SECONDS = 3600
"""Longer than any pass, and than a service is cut off from authz and still answers."""


async def add(tx: AsyncConnection, kind: str, value: str, reason: str) -> Revocation:
    """Revoke what was issued until now, and return it with its number; numbers commit in order."""
    await one_at_a_time(tx, "revocations")
    number = (await tx.execute(select(func.coalesce(func.max(revocation.c.number), 0)))).scalar_one() + 1
    made = Revocation(number, kind, value, time.time())
    await tx.execute(
        insert(revocation).values(number=number, kind=kind, value=value, before=made.before, reason=reason)
    )
    await tell(tx, REVOCATIONS)
    return made


async def since(tx: AsyncConnection, number: int) -> list[Revocation]:
    """Return the revocations with a higher number, oldest first."""
    query = select(revocation).where(revocation.c.number > number).order_by(revocation.c.number)
    return [Revocation(row.number, row.kind, row.value, row.before) for row in await tx.execute(query)]


async def purge(tx: AsyncConnection) -> int:
    """Forget those that nothing can hit any more, but for the newest, which keeps the number."""
    newest = select(func.max(revocation.c.number)).scalar_subquery()
    now, before = time.time(), revocation.c.before
    ended = (before < now - KEPT_SECONDS) | ((revocation.c.kind == "grants") & (before < now - GRANTS_KEPT_SECONDS))
    old = delete(revocation).where(ended, revocation.c.number < newest)
    return len((await tx.execute(old.returning(revocation.c.number))).all())
