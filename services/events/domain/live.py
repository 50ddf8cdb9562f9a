"""Live streams: one reader a project, who hands each new event to all that follow it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from services.chassis.auth.caller import Caller
from services.chassis.auth.revocation import Revocation, Revocations
from services.chassis.log import get_logger
from services.chassis.waking import woken_within
from services.contracts.event import RecordedEvent
from services.events.config import LiveSettings
from services.events.domain.frames import Batch, Frame, frame
from services.events.exceptions import TooManyStreams

log = get_logger("events.live")
_PAGE = 500
_PAUSE_SECONDS = 0.5

ReadAfter = Callable[[str, int, int], Awaitable[list[RecordedEvent]]]
"""Read events of a project after a number, at most so many."""
ReadLast = Callable[[str], Awaitable[int]]
"""Read a project's last number."""


@dataclass(eq=False)
class Follower:
    """One open stream: what waits for it, and why it was ended from here, if it was.

    Every event with a higher number than ``since`` is handed to it. ``direct``, while there is one, writes new events
    to the client at once, and tells whether it could: to wake two thousand tasks takes far longer.
    """

    caller: Caller
    most: int
    task: asyncio.Task[object]
    since: int = 0
    waiting: list[Frame] = field(default_factory=list)
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    reason: str | None = None
    direct: Callable[[Batch], bool] | None = None

    def offer(self, batch: Batch) -> None:
        """Take new events, or end the stream of one who does not keep up."""
        frames = batch.frames
        if self.reason is not None or (self.direct and not self.waiting and self.direct(batch)):
            return
        if len(self.waiting) + len(frames) > self.most:
            self.end("the client is too slow")
            return
        self.waiting.extend(frames)
        self.woken.set()

    async def take(self, seconds: float) -> list[Frame]:
        """Return what waits; none if nothing comes within ``seconds``."""
        if not self.waiting and not await woken_within(self.woken, seconds):
            return []
        self.woken.clear()
        taken, self.waiting = self.waiting, []
        return taken

    def end(self, reason: str) -> None:
        """End the stream, even while it waits for its client."""
        if self.reason is None:
            self.reason = reason
            self.task.cancel()


class Channel:
    """The reader of one project, which exists while somebody follows."""

    def __init__(self, project_id: str, read: ReadAfter, read_last: ReadLast) -> None:
        self.followers: set[Follower] = set()
        self.users = 0
        self.woken = asyncio.Event()
        self._project_id = project_id
        self._read = read
        self._read_last = read_last
        self._started = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._last = 0

    async def start(self) -> None:
        """Begin after the newest event, once."""
        async with self._started:
            if self._task is None:
                self._last = await self._read_last(self._project_id)
                self._task = asyncio.create_task(self._run())

    def add(self, follower: Follower) -> None:
        """Hand to ``follower`` what comes after the events that were handed out so far."""
        follower.since = self._last
        self.followers.add(follower)

    def stop(self) -> None:
        """End the reader."""
        if self._task:
            self._task.cancel()

    async def _run(self) -> None:
        while True:
            await self.woken.wait()
            self.woken.clear()
            try:
                await self._hand_out()
            except Exception as error:
                log.warning("live.waits", project=self._project_id, error=repr(error))
                await asyncio.sleep(_PAUSE_SECONDS)
                self.woken.set()

    async def _hand_out(self) -> None:
        while new := await self._read(self._project_id, self._last, _PAGE):
            self._last = new[-1].number
            batch = Batch([frame(event) for event in new])
            for follower in list(self.followers):
                follower.offer(batch)


class Live:
    """All channels of one process."""

    def __init__(self, settings: LiveSettings, revocations: Revocations, read: ReadAfter, read_last: ReadLast) -> None:
        self._settings = settings
        self._revocations = revocations
        self._read = read
        self._read_last = read_last
        self._channels: dict[str, Channel] = {}
        self._open = 0

    def woken(self, project_id: str | None) -> None:
        """Have the reader of a project look (of all projects without one: something may have been missed)."""
        channels = self._channels.values() if project_id is None else [self._channels.get(project_id)]
        for channel in channels:
            if channel:
                channel.woken.set()

    def revoked(self, _revocation: Revocation) -> None:
        """End the streams of all whose pass is no longer good."""
        for follower in self._followers():
            if self._revocations.hit(follower.caller):
                follower.end("revoked")

    def close(self) -> None:
        """End all streams: the process stops."""
        for follower in self._followers():
            follower.end("the service stops")

    @asynccontextmanager
    async def following(self, project_id: str, caller: Caller) -> AsyncIterator[Follower]:
        """Have every event that is recorded from now on handed to the follower; read what was before yourself.

        When the stream is ended from here the block is left by its end. Raises TooManyStreams.
        """
        if self._open >= self._settings.most_streams:
            raise TooManyStreams()
        task = asyncio.current_task()
        assert task is not None
        follower = Follower(caller, self._settings.buffer_events, task)
        channel = self._channels.setdefault(project_id, Channel(project_id, self._read, self._read_last))
        channel.users += 1
        self._open += 1
        try:
            await channel.start()
            channel.add(follower)
            yield follower
        except asyncio.CancelledError:
            if follower.reason is None or task.uncancel() > 0:
                raise
            log.info("stream.ended", reason=follower.reason, project=project_id)
        finally:
            self._open -= 1
            self._leave(project_id, channel, follower)

    def _leave(self, project_id: str, channel: Channel, follower: Follower) -> None:
        channel.followers.discard(follower)
        channel.users -= 1
        if not channel.users:
            channel.stop()
            del self._channels[project_id]

    def _followers(self) -> list[Follower]:
        return [follower for channel in self._channels.values() for follower in channel.followers]
