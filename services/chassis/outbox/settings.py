"""Settings of outbox and inbox."""

import msgspec


class OutboxSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the outbox is emptied.

    A process that freezes ceases to be the one that publishes after ``lead_seconds``. What is written within
    ``gather_seconds`` leaves together: each time costs the database as much for one event as for many.
    ``poll_seconds`` bounds the delay when a wake-up is lost; sent events stay ``keep_sent_seconds`` for inspection;
    the inbox remembers for ``keep_seen_seconds``, which must exceed the longest time that a double can be late.
    """

    batch: int = 200
    gather_seconds: float = 0.02
    poll_seconds: float = 1.0
    retry_seconds: float = 1.0
    lead_seconds: float = 15.0
    purge_every_seconds: float = 600.0
    keep_sent_seconds: float = 86_400.0
    keep_seen_seconds: float = 7 * 86_400.0
