"""Write what arrives: the events of one project that wait together go into one transaction."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from services.chassis.bus import Event
from services.chassis.db import is_transient

Append = Callable[[str, Sequence[Event]], Awaitable[None]]
"""Record events of one project in one transaction."""

_NOT_RECORDED = "audit."
_GATHER_SECONDS = 0.01
"""So long the first waits for others: a transaction costs as much for one event as for many."""
_Waiting = tuple[Event, "asyncio.Future[None]"]


class Recorder:
    """The handler of the bus: returns when the event is committed, raises what the database raises."""

    def __init__(self, append: Append) -> None:
        self._append = append
        self._waiting: dict[str, list[_Waiting]] = {}

    async def record(self, event: Event) -> None:
        """Record ``event``, unless it belongs to no project or to the audit record."""
        if event.project_id is None or event.type.startswith(_NOT_RECORDED):
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue = self._waiting.get(event.project_id)
        if queue is not None:
            queue.append((event, done))
            await done
            return
        self._waiting[event.project_id] = [(event, done)]
        await self._write(event.project_id)
        await done

    async def _write(self, project_id: str) -> None:
        """Write until nobody waits; what arrives within moments goes together, and later arrivals with the next."""
        batch: list[_Waiting] = []
        try:
            await asyncio.sleep(_GATHER_SECONDS)
            while batch := self._waiting[project_id]:
                self._waiting[project_id] = []
                await self._write_batch(project_id, batch)
        except asyncio.CancelledError as error:
            for _, done in (*batch, *self._waiting[project_id]):
                _settle(done, error)
            raise
        finally:
            del self._waiting[project_id]

    async def _write_batch(self, project_id: str, batch: Sequence[_Waiting]) -> None:
        """Write together; if one of them can't be written, one by one, so that the others don't share its fate."""
        try:
            await self._append(project_id, [event for event, _ in batch])
        except Exception as error:
            if len(batch) > 1 and not is_transient(error):
                for one in batch:
                    await self._write_batch(project_id, [one])
                return
            for _, done in batch:
                _settle(done, error)
            return
        for _, done in batch:
            _settle(done, None)


def _settle(done: "asyncio.Future[None]", error: BaseException | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    elif isinstance(error, asyncio.CancelledError):
        done.cancel()
    else:
        done.set_exception(error)
