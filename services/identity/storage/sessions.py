"""Sessions as rows."""

from datetime import datetime

from sqlalchemy import delete, func, insert, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.schema import session


async def add(tx: AsyncConnection, session_id: str, user_id: str, expires_at: datetime) -> None:
    """Add a session, and forget those of this person that ended more than a day ago."""
    ended = session.c.expires_at < func.now() - text("interval '1 day'")
    await tx.execute(delete(session).where(session.c.user_id == user_id, ended))
    await tx.execute(insert(session).values(id=session_id, user_id=user_id, expires_at=expires_at))


async def end(tx: AsyncConnection, user_id: str, session_id: str) -> bool:
    """Mark a session as ended; False when the person has no such session."""
    query = update(session).where(session.c.id == session_id, session.c.user_id == user_id)
    ended = query.values(ended_at=func.coalesce(session.c.ended_at, func.now())).returning(session.c.id)
    return (await tx.execute(ended)).first() is not None
