"""Times as the OpenStack APIs write them: aware UTC inside, text on the wire."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, aware, UTC."""
    return datetime.now(UTC)


def stamp(moment: datetime | None = None) -> str:
    """`2026-01-31T10:00:00Z`, as Nova, Neutron, Glance and Heat write it."""
    return (moment or now()).strftime("%Y-%m-%dT%H:%M:%SZ")


def precise_stamp(moment: datetime | None = None) -> str:
    """`2026-01-31T10:00:00.000000Z`, as Keystone writes it."""
    return (moment or now()).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def offset_stamp(text: str | None) -> str | None:
    """A stored stamp as Ironic writes it, with `+00:00` for the zone."""
    return text.removesuffix("Z") + "+00:00" if text else None


def parse(text: str) -> datetime:
    """The moment of a stamp of any of the forms above.

    Raises ValueError for anything else.
    """
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
