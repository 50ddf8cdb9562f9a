"""Open streams and WebSockets: each ends within a second of its permission."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from services.chassis.auth.contact import LATE_READ_SECONDS
from services.chassis.auth.revocation import Revocation
from services.chassis.errors import Problem
from services.chassis.log import get_logger
from services.gateway.config import StreamSettings
from services.gateway.domain.catalogue import Operation
from services.gateway.domain.grants import Pass
from services.gateway.domain.sessions import Credential
from services.gateway.exceptions import TooManyStreams

log = get_logger("gateway.streams")
_TICK_SECONDS = 0.5

Renew = Callable[[Credential, str, float], Awaitable[tuple[Credential, Pass]]]
"""Check what a client presented anew, and get a pass for an audience that was taken after a Unix time."""


@dataclass(eq=False)
class OpenStream:
    """One open stream and the pass that it began with; ``reason`` says why it was ended from here.

    ``confirmed_at`` is the Unix time at which authz last said what the stream may.
    """

    credential: Credential
    operation: Operation
    given: Pass
    task: asyncio.Task[object]
    checked_at: float = field(default_factory=time.time)
    confirmed_at: float = 0.0
    check: asyncio.Task[None] | None = None
    reason: str | None = None

    def end(self, reason: str) -> None:
        """End the stream at its next step; the client sees its regular end."""
        if self.reason is None:
            self.reason = reason
            self.task.cancel()


class Streams:
    """``renew`` asks authz again, while streams are open, whether their permission still stands."""

    def __init__(self, settings: StreamSettings, renew: Renew) -> None:
        self._settings = settings
        self._renew = renew
        self._open: dict[str, set[OpenStream]] = defaultdict(set)

    @asynccontextmanager
    async def held(self, credential: Credential, operation: Operation, given: Pass) -> AsyncIterator[OpenStream]:
        """Run a stream inside; when it is ended from here, the block ends as if it had come to its end."""
        task = asyncio.current_task()
        assert task is not None
        mine = self._open[credential.id]
        if len(mine) >= self._settings.per_credential:
            raise TooManyStreams(self._settings.per_credential)
        stream = OpenStream(credential, operation, given, task, confirmed_at=given.taken_at)
        mine.add(stream)
        try:
            yield stream
        except asyncio.CancelledError:
            if stream.reason is None or task.uncancel() > 0:
                raise
            log.info("stream.ended", route=operation.route, reason=stream.reason, subject=credential.subject)
        finally:
            if stream.check:
                stream.check.cancel()
            mine.discard(stream)
            if not mine:
                self._open.pop(credential.id, None)

    def revoked(self, revocation: Revocation) -> None:
        """End the streams of a revoked credential or subject; look again at those of one whose roles have changed."""
        for stream in self._all():
            if revocation.value not in (stream.credential.id, stream.credential.subject):
                continue
            if revocation.kind == "grants":
                stream.checked_at = 0.0
            else:
                stream.end(f"{revocation.kind} revoked")

    async def run(self) -> None:
        """End what has outlived its credential or lost its permission; when cancelled, end them all."""
        try:
            while True:
                await asyncio.sleep(_TICK_SECONDS)
                now = time.time()
                for stream in self._all():
                    if self._due(stream, now) and (stream.check is None or stream.check.done()):
                        stream.check = asyncio.create_task(self._recheck(stream, now))
        finally:
            for stream in self._all():
                stream.end("the door closes")

    def _due(self, stream: OpenStream, now: float) -> bool:
        if stream.credential.expires_at < now:
            return stream.checked_at + _TICK_SECONDS < now
        return stream.checked_at + self._settings.recheck_seconds < now

    async def _recheck(self, stream: OpenStream, now: float) -> None:
        stream.checked_at = now
        try:
            stream.credential, current = await self._renew(stream.credential, stream.operation.service, now - 1)
        except Problem as problem:
            if problem.status in (401, 403):
                stream.end(str(problem))
            elif now - stream.confirmed_at > LATE_READ_SECONDS:
                stream.end("authz is silent for too long")
            return
        stream.confirmed_at = current.taken_at
        if current.lost_since(stream.given.grants, stream.operation.permission):
            stream.end(f"{stream.operation.permission} is no longer held")

    def _all(self) -> list[OpenStream]:
        return [stream for streams in self._open.values() for stream in streams]
