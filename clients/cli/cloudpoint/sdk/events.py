"""What happened, and what happens now."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec

from cloudpoint.generated import types
from cloudpoint.sdk.errors import ConnectionFailed, problem_of
from cloudpoint.sdk.transport import Transport

_TRIES = 30
_PAUSE_SECONDS = 1.0


class Events:
    """The history and the live stream of a project."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, project: str, **filters: Any) -> Iterator[types.RecordedEvent]:
        """Yield what happened; ``filters`` are subject, type, after."""
        return self._transport.pages("/v1/events", types.RecordedEvent, {"project": project, **filters})

    def stream(self, project: str, after: int | None = None, **filters: Any) -> Iterator[types.RecordedEvent | None]:
        """Yield events as they happen, for ever; None stands for "nothing now" and for a reset of the stream.

        A connection that breaks is opened again after the last event that was seen, without a gap.
        """
        seen, failures = after, 0
        while failures < _TRIES:
            try:
                for event in self._once(project, seen, filters):
                    failures = 0
                    seen = event.number if event else seen
                    yield event
            except httpx.HTTPError:
                failures += 1
                yield None
                time.sleep(_PAUSE_SECONDS)
        raise ConnectionFailed(f"The event stream of {self._transport.url} broke {_TRIES} times in a row.")

    def _once(
        self, project: str, seen: int | None, filters: dict[str, Any]
    ) -> Iterator[types.RecordedEvent | None]:
        headers = {"Last-Event-ID": str(seen)} if seen is not None else {}
        with self._transport.stream("/v1/events/stream", {"project": project, **filters}, headers) as response:
            if response.status_code >= 400:
                raise problem_of(response.status_code, response.read())
            kind, data = "", ""
            for line in response.iter_lines():
                if line.startswith("event:"):
                    kind = line[6:].strip()
                elif line.startswith("data:"):
                    data += line[5:].strip()
                elif line.startswith(":"):
                    yield None
                elif not line:
                    if data and kind != "reset":
                        yield msgspec.json.decode(data, type=types.RecordedEvent)
                    kind, data = "", ""
