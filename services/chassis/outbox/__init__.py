"""Events leave in the transaction of their change (outbox) and take effect once (inbox)."""

from services.chassis.outbox import inbox, outbox
from services.chassis.outbox.outbox import add
from services.chassis.outbox.publisher import OutboxPublisher
from services.chassis.outbox.purge import purge
from services.chassis.outbox.settings import OutboxSettings
from services.chassis.outbox.tables import add_outbox

__all__ = ["OutboxPublisher", "OutboxSettings", "add", "add_outbox", "inbox", "outbox", "purge"]
