"""Refusals of all services, taken from the bus into the audit record."""

from services.authz.domain.audit_chain import Entry
from services.authz.storage import audit
from services.chassis.bus import Bus, Event
from services.chassis.db import Database
from services.chassis.outbox import inbox

REFUSED = "audit.refused"
_CONSUMER = "audit"


class RefusalRecorder:
    """Writes each refusal once, however often it arrives."""

    def __init__(self, db: Database, bus: Bus) -> None:
        self._db = db
        self._bus = bus

    async def run(self) -> None:
        """Take refusals as long as the process lives."""
        await self._bus.consume([REFUSED], self.record, suffix="audit")

    async def record(self, event: Event) -> None:
        """Write one refusal."""
        chain = [str(service) for service in event.data.get("chain", ())]
        data = {**{key: value for key, value in event.data.items() if key != "chain"}, "service": event.source}
        async with self._db.unscoped() as tx:
            if await inbox.first_time(tx, _CONSUMER, event.id):
                await audit.append(tx, Entry("refused", event.subject, event.project_id, chain, data))
