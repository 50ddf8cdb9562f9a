"""What happened, and what happens now."""

import time
from collections.abc import Iterator
from typing import Any

import httpx

from cloudpoint.generated import types
from cloudpoint.sdk.answer import answer_of
from cloudpoint.sdk.errors import ApiProblem, ConnectionFailed, problem_of
from cloudpoint.sdk.frames import Frame, frames_of
from cloudpoint.sdk.transport import Transport

_TRIES = 30
_PAUSE_SECONDS = 1.0


class Events:
    """The history and the live stream of a project."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, project: str, **filters: Any) -> Iterator[types.RecordedEvent]:
        """Yield what happened, newest first; ``filters`` are subject, type, and after, which makes it oldest first."""
        return self._transport.pages("/v1/events", types.RecordedEvent, {"project": project, **filters})

    def stream(self, project: str, after: int | None = None, **filters: Any) -> Iterator[types.RecordedEvent | None]:
        """Yield events as they happen, for ever; None stands for "nothing now" and for "read the state anew".

        A connection that breaks is opened again after the last event that was seen, without a gap.
        """
        seen, failures, told = after, 0, ""
        while failures < _TRIES:
            try:
                for frame in self._once(project, seen, filters):
                    failures = 0
                    seen = seen if frame.id is None else int(frame.id)
                    yield _event_of(frame)
            except (httpx.HTTPError, ApiProblem) as error:
                if isinstance(error, ApiProblem) and error.status < 500:
                    raise
                told = str(error)
            failures += 1
            yield None
            time.sleep(_PAUSE_SECONDS)
        raise ConnectionFailed(f"The event stream of {self._transport.url} broke {_TRIES} times in a row: {told}")

    def _once(self, project: str, seen: int | None, filters: dict[str, Any]) -> Iterator[Frame]:
        headers = {} if seen is None else {"Last-Event-ID": str(seen)}
        with self._transport.stream("/v1/events/stream", {"project": project, **filters}, headers) as response:
            if response.status_code >= 400:
                raise problem_of(response.status_code, response.read())
            yield from frames_of(response.iter_lines())


def _event_of(frame: Frame) -> types.RecordedEvent | None:
    """Return the event in a frame; None for heartbeats, and for a reset."""
    if not frame.data or frame.event == "reset":
        return None
    return answer_of(frame.data.encode(), types.RecordedEvent)
