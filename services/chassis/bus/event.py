"""The envelope of everything that is told on the bus."""

import datetime
from typing import Any

import msgspec

from services.chassis import trace
from services.chassis.ids import new_id


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened, in the past tense of its type (``cluster.operation.changed``).

    ``type`` is the routing key. Events of one ``subject`` arrive in order, at least once; ``id`` tells doubles.
    Fields that a reader does not know are ignored.
    """

    id: str
    type: str
    source: str
    subject: str
    at: datetime.datetime
    project_id: str | None = None
    data: dict[str, Any] = {}
    traceparent: str | None = None


def new_event(
    type: str,
    *,
    source: str,
    subject: str,
    project_id: str | None = None,
    data: dict[str, Any] | None = None,
    traceparent: str | None = None,
) -> Event:
    """Return an event that happens now, in the trace of this task.

    ``source`` is the service, ``subject`` the id of what it is about.
    """
    current = trace.current()
    return Event(
        id=new_id("evt"),
        type=type,
        source=source,
        subject=subject,
        at=datetime.datetime.now(datetime.UTC),
        project_id=project_id,
        data=data or {},
        traceparent=traceparent or (current.header if current else None),
    )


_DECODER = msgspec.json.Decoder(Event)


def encode(event: Event) -> bytes:
    """Return the event as it travels."""
    return msgspec.json.encode(event)


def decode(body: bytes) -> Event:
    """Return the event in ``body``. Raises msgspec.MsgspecError when it is none."""
    return _DECODER.decode(body)
