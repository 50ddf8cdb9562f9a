"""What happened, as the events service tells it."""

from typing import Any

import msgspec

from services.contracts.times import Timestamp


class RecordedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """``number`` grows by one with each event of a project, without a gap; it is the SSE ``id`` too."""

    number: int
    id: str
    type: str
    source: str
    subject: str
    project_id: str
    at: Timestamp
    data: dict[str, Any]
