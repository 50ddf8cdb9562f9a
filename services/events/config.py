"""The configuration of events."""

import msgspec

from services.chassis.config import ServiceSettings


class LiveSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Live streams: seconds between heartbeats, events that wait for a slow client before it is dropped, streams."""

    heartbeat_seconds: float = 15.0
    buffer_events: int = 1000
    most_streams: int = 5000


class Settings(ServiceSettings, frozen=True, kw_only=True):
    """``keep_days`` is how long events are kept; a stream that asks for older ones gets a reset."""

    keep_days: float = 90.0
    live: LiveSettings = LiveSettings()
