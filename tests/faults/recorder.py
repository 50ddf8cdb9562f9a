"""A consumer of all that cluster services tell, on the real bus with the real inbox, which keeps what took effect."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import select

from services.chassis import outbox
from services.chassis.bus import Bus, BusSettings, Event
from services.chassis.bus.event import decode
from services.chassis.db import Database, DatabaseSettings
from services.chassis.outbox import inbox
from services.chassis.outbox.tables import OUTBOX

_NAME = "recorder"


class Recorder:
    """Its effect of an event is a row in its own outbox, in the transaction of its inbox; nobody publishes that.

    At the first event of each subject it meets an outage: an event that is dropped by one is lost for good.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._met: set[str] = set()

    async def record(self, event: Event) -> None:
        """Keep an event that is seen for the first time. Raises TimeoutError once a subject."""
        if event.subject not in self._met:
            self._met.add(event.subject)
            raise TimeoutError
        async with self._db.unscoped() as tx:
            if await inbox.first_time(tx, _NAME, event.id):
                await outbox.add(tx, event)

    async def of(self, subject: str) -> list[str]:
        """Return the ids of the events of a subject in the order in which they took effect."""
        return await told(self._db, subject)

    async def heard(self, subject: str) -> list[Event]:
        """Return the events of a subject in the order in which they took effect."""
        query = select(OUTBOX.c.body).where(OUTBOX.c.subject == subject).order_by(OUTBOX.c.position)
        async with self._db.unscoped() as tx:
            return [decode(body) for body in (await tx.execute(query)).scalars()]


async def told(db: Database, subject: str, *, unsent: bool = False) -> list[str]:
    """Return the ids of a subject's events in an outbox, in order; of those only that have not left, if ``unsent``."""
    query = select(OUTBOX.c.event_id).where(OUTBOX.c.subject == subject).order_by(OUTBOX.c.position)
    if unsent:
        query = query.where(OUTBOX.c.sent_at.is_(None))
    async with db.unscoped() as tx:
        return list((await tx.execute(query)).scalars())


@asynccontextmanager
async def recording(settings: DatabaseSettings, bus_settings: BusSettings) -> AsyncIterator[Recorder]:
    """Record while the block runs; ``settings`` name a database that has an outbox and an inbox."""
    db, bus = Database(settings, service=_NAME), Bus(bus_settings, service=_NAME)
    recorder = Recorder(db)
    await bus.start()
    await bus.consume(["cluster.#"], recorder.record, in_order=True)
    try:
        yield recorder
    finally:
        await bus.stop()
        await db.close()
