"""Write an event in the transaction of the change that it tells of."""

from sqlalchemy import func, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.bus.event import Event, encode
from services.chassis.outbox.tables import OUTBOX

CHANNEL = "cloudpoint_outbox"
_KEEP_AND_WAKE = insert(OUTBOX).returning(func.pg_notify(CHANNEL, "").is_(None))
"""One round trip; PostgreSQL tells a channel once for each transaction, however often it is told to."""


async def add(transaction: AsyncConnection, *events: Event) -> None:
    """Keep ``events`` for the bus; they leave when the transaction commits, and never when it does not.

    Events of one subject leave in the order of their writing. Two transactions that write about one subject at the
    same time must lock something of it first (its row), else the order of their events is not defined.
    """
    rows = [{"event_id": event.id, "subject": event.subject, "body": encode(event)} for event in events]
    if rows:
        await transaction.execute(_KEEP_AND_WAKE, rows)
