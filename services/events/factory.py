"""The singletons of one process of events, and how they are put together."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

from services.chassis.bus import Event
from services.chassis.context import Process
from services.chassis.db import Database
from services.chassis.service import Background
from services.contracts.event import RecordedEvent
from services.events.config import Settings
from services.events.domain.live import Live
from services.events.domain.recorder import Recorder
from services.events.storage import history
from services.events.storage.listener import Listener

_PURGE_SECONDS = 3600.0


@dataclass(frozen=True)
class Context:
    """What handlers and workers use."""

    process: Process
    settings: Settings
    db: Database
    live: Live
    recorder: Recorder

    async def after(self, project_id: str, number: int, limit: int) -> list[RecordedEvent]:
        """Return the events of a project after a number, at most ``limit``."""
        async with self.db.project(project_id) as tx:
            return await history.following(tx, project_id, number, limit)

    async def extent(self, project_id: str) -> history.Extent:
        """Return which numbers a project has."""
        async with self.db.project(project_id) as tx:
            return await history.extent(tx, project_id)


@asynccontextmanager
async def open_context(process: Process) -> AsyncIterator[Context]:
    """Put events together."""
    settings, db = cast(Settings, process.settings), process.database

    async def append(project_id: str, arrived: Sequence[Event]) -> None:
        await history.append(db, project_id, arrived)

    async def last(project_id: str) -> int:
        return (await context.extent(project_id)).last

    async def after(project_id: str, number: int, limit: int) -> list[RecordedEvent]:
        return await context.after(project_id, number, limit)

    live = Live(settings.live, process.revocations, after, last)
    context = Context(process, settings, db, live, Recorder(append))
    process.revocations.watch(live.revoked)
    yield context


def background(context: Context) -> Sequence[Background]:
    """The tasks beside the listener of ``serve``."""

    async def listen() -> None:
        try:
            await Listener(context.db, context.live.woken).run()
        finally:
            context.live.close()

    return [listen]


def workers(context: Context) -> Sequence[Background]:
    """The tasks of ``work``: record what arrives, delete what is old."""

    async def record() -> None:
        await context.process.events.consume(["#"], context.recorder.record)

    async def purge() -> None:
        while True:
            async with context.db.all_projects(purpose="purge old events") as tx:
                await history.purge(tx, context.settings.keep_days)
            await asyncio.sleep(_PURGE_SECONDS)

    return [record, purge]
