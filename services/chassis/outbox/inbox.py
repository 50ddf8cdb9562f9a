"""Make the effect of an event happen once, though it may arrive more often."""

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.outbox.tables import INBOX


async def first_time(transaction: AsyncConnection, consumer: str, event_id: str) -> bool:
    """Say whether ``consumer`` sees this event for the first time; call it in the transaction of the effect.

    A double that arrives at the same moment waits here until that transaction has ended.
    """
    query = (
        insert(INBOX).values(consumer=consumer, event_id=event_id).on_conflict_do_nothing().returning(INBOX.c.event_id)
    )
    return (await transaction.execute(query)).scalar_one_or_none() is not None
