"""The one clock that all processes of a service share: its database's. Those of their machines may be wrong."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection


async def database_time(tx: AsyncConnection) -> datetime:
    """Return what time it is at the database at this moment, by which moments of several processes can be ordered."""
    now: datetime = (await tx.execute(select(func.clock_timestamp()))).scalar_one()
    return now
