"""One live stream: what was missed, then what happens, until the client or its permission goes."""

from functools import partial
from typing import Any

from sanic.request import Request

from services.chassis.auth.caller import Caller
from services.events.domain.frames import OPENING, Batch, Frame, Reset, frame, heartbeat, reset
from services.events.domain.live import Follower
from services.events.factory import Context
from services.events.storage.history import Wanted

_PAGE = 500
_UNSENT_BYTES = 64 * 1024
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Stream:
    """``presented`` is the last event id that the client has, as it said it."""

    def __init__(self, context: Context, project_id: str, wanted: Wanted, presented: str | None) -> None:
        self._context = context
        self._project_id = project_id
        self._wanted = wanted
        self._presented = presented
        self._last = 0

    async def run(self, request: Request, caller: Caller) -> None:
        """Answer the request until one side ends it."""
        async with self._context.live.following(self._project_id, caller) as follower:
            opening = OPENING + await self._begin(follower.since)
            response: Any = await request.respond(headers=_HEADERS, content_type="text/event-stream")
            await response.send(opening)
            await self._catch_up(response, follower.since)
            await self._follow(response, follower, request.transport)
        if request.transport is not None and follower.reason == "the client is too slow":
            transport: Any = request.transport
            transport.abort()

    async def _begin(self, since: int) -> bytes:
        """Decide where to begin; returns what the client must be told first.

        Who begins where the project's reader is needs no look into the database: after a restart all come back at once.
        """
        if self._presented in (None, str(since)):
            self._last = since
            return b""
        extent = await self._context.extent(self._project_id)
        self._last = extent.last
        presented = self._presented or ""
        number = int(presented) if presented.isdecimal() and len(presented) < 19 else -1
        if extent.oldest - 1 <= number <= extent.last:
            self._last = number
            return b""
        reason = "too-old" if 0 <= number < extent.oldest else "unknown"
        return reset(Reset(reason, extent.oldest, extent.last))

    async def _catch_up(self, response: Any, since: int) -> None:
        """Send what came before the events that are handed over."""
        while self._last < since and (missed := await self._context.after(self._project_id, self._last, _PAGE)):
            await self._send(response, [frame(event) for event in missed])

    async def _follow(self, response: Any, follower: Follower, transport: Any) -> None:
        seconds = self._context.settings.live.heartbeat_seconds
        while True:
            follower.direct = partial(self._write, transport)
            frames = await follower.take(seconds)
            follower.direct = None
            if frames:
                await self._send(response, frames)
            else:
                await response.send(heartbeat(self._last))

    def _write(self, transport: Any, batch: Batch) -> bool:
        """Write new events past Sanic, if the client keeps up; else they wait for its task, which waits for it."""
        known = batch.frames[0].event.number <= self._last
        if known or transport.is_closing() or transport.get_write_buffer_size() > _UNSENT_BYTES:
            return False
        self._last = batch.frames[-1].event.number
        if chunk := batch.once(self._wanted, self._chunk):
            transport.write(chunk)
        return True

    def _chunk(self, frames: list[Frame]) -> bytes:
        """Return what is wanted of the frames as one chunk of the body (RFC 9112, section 7.1)."""
        text = b"".join(one.text for one in frames if self._wanted.matches(one.event))
        return b"%x\r\n%b\r\n" % (len(text), text) if text else b""

    async def _send(self, response: Any, frames: list[Frame]) -> None:
        """Send what is new and wanted, in one piece."""
        new = [one for one in frames if one.event.number > self._last]
        if new:
            self._last = new[-1].event.number
        text = b"".join(one.text for one in new if self._wanted.matches(one.event))
        if text:
            await response.send(text)
