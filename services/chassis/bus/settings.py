"""Where the broker is and how a service uses it."""

import msgspec


class BusSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the bus. ``prefetch`` bounds how many events one process handles at once."""

    url: str
    exchange: str = "cloudpoint.events"
    prefetch: int = 32
    delivery_limit: int = 5
    connect_timeout_seconds: float = 5.0
    set_up_timeout_seconds: float = 15.0
    publish_timeout_seconds: float = 10.0
    reconnect_seconds: float = 0.5
    heartbeat_seconds: int = 10
    stop_grace_seconds: float = 5.0
    redelivery_delay_seconds: float = 1.0
