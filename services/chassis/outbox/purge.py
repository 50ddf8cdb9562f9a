"""Forget what outbox and inbox no longer need."""

from datetime import timedelta

from sqlalchemy import delete, func

from services.chassis.db import Database
from services.chassis.outbox.settings import OutboxSettings
from services.chassis.outbox.tables import INBOX, OUTBOX


async def purge(db: Database, settings: OutboxSettings) -> int:
    """Delete events sent, and doubles remembered, for longer than the settings say; return how many rows."""
    sent = delete(OUTBOX).where(OUTBOX.c.sent_at < func.now() - timedelta(seconds=settings.keep_sent_seconds))
    seen = delete(INBOX).where(INBOX.c.seen_at < func.now() - timedelta(seconds=settings.keep_seen_seconds))
    async with db.unscoped() as transaction:
        return (await transaction.execute(sent)).rowcount + (await transaction.execute(seen)).rowcount
