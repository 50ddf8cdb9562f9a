"""Keeps what happens in a run and writes it a few times a second, so that it can be followed while it happens."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import msgspec
import structlog

from services.chassis.db import is_transient
from services.contracts.runs import Cell, RunEvent
from services.runner.domain.ansible_event import HOST_RESULTS, AnsibleEvent
from services.runner.domain.element_order import Entry
from services.runner.domain.masking import Mask
from services.runner.domain.progress import Progress
from services.runner.storage.records import Batch

log = structlog.get_logger()

_RETRY_SECONDS = 0.5
_CUT = "\n[The log ends here: it has grown to its limit. Events go on.]\n"

Write = Callable[[Batch], Awaitable[None]]


@dataclass
class Journal:
    """The record of one run. Everything that enters it is masked first."""

    progress: Progress
    mask: Mask
    write: Write
    log_limit_characters: int
    events_so_far: int = 0
    log_so_far: int = 0
    _events: list[RunEvent] = field(default_factory=list)
    _log: list[str] = field(default_factory=list)
    _log_written: int = 0
    _tail: str = ""
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def tail(self) -> str:
        """The last lines of the log, for a reason."""
        return self._tail.strip()

    def line(self, text: str) -> None:
        """Take a line that is no event: what a broken start has to say."""
        self._append(self.mask.text(text))

    def event(self, event: AnsibleEvent) -> None:
        """Take an event of Ansible into matrix, log and events."""
        offset = self.log_so_far
        masked = self._masked(event)
        if masked.stdout:
            self._append(masked.stdout + "\n")
        self.progress.note(masked, offset)
        self._tell_turns()
        if masked.outcome in HOST_RESULTS and masked.host:
            self._add(_task_event(masked, self.progress.entry(masked.element_key), offset))

    def resume(self, events: int, characters: int) -> None:
        """Go on after what an earlier process has written."""
        self.events_so_far = events
        self.log_so_far = self._log_written = characters

    def last_batch(self, event: RunEvent) -> Batch:
        """Return what is still unwritten, with the run's last event behind it."""
        batch = self._gather()
        self.events_so_far += 1
        batch.events.append(msgspec.structs.replace(event, number=self.events_so_far))
        return batch

    async def flush(self) -> None:
        """Write what has gathered, after what is being written. An outage of the database is waited out.

        So nothing is dropped or overtaken, and all of it is there when this returns.
        """
        async with self._writing:
            batch = self._gather()
            while batch:
                try:
                    await self.write(batch)
                    return
                except Exception as error:
                    if not is_transient(error):
                        raise
                    log.warning("journal waits for the database", error=repr(error))
                    await asyncio.sleep(_RETRY_SECONDS)

    async def flush_forever(self, every_seconds: float) -> None:
        """Write again and again until cancelled; what is being written then goes on, and a later flush waits for it."""
        while True:
            await asyncio.sleep(every_seconds)
            await asyncio.shield(self.flush())

    def _gather(self) -> Batch:
        self._tell_turns()
        touched = self.progress.take_touched()
        text = "".join(self._log)
        batch = Batch(self._events, touched, text, self._log_written)
        self._log_written += len(text)
        self._events, self._log = [], []
        return batch

    def _masked(self, event: AnsibleEvent) -> AnsibleEvent:
        task, message = event.task and self.mask.text(event.task), event.message and self.mask.text(event.message)
        return replace(event, stdout=self.mask.text(event.stdout), task=task, message=message)

    def _append(self, text: str) -> None:
        text = text.replace("\0", "�")
        self._tail = (self._tail + text)[-2000:]
        if self.log_so_far >= self.log_limit_characters:
            return
        self.log_so_far += len(text)
        if self.log_so_far >= self.log_limit_characters:
            text += _CUT
            self.log_so_far += len(_CUT)
        self._log.append(text)

    def _tell_turns(self) -> None:
        for cell in self.progress.take_turns():
            self._add(_cell_event(cell))

    def _add(self, event: RunEvent) -> None:
        self.events_so_far += 1
        self._events.append(msgspec.structs.replace(event, number=self.events_so_far))


def _task_event(event: AnsibleEvent, entry: Entry | None, offset: int) -> RunEvent:
    return RunEvent(
        number=0,
        at=event.at,
        kind="task",
        state=event.outcome.value,
        host=event.host,
        element=entry.name if entry else None,
        task=event.task,
        message=event.message,
        seconds=event.seconds,
        log_offset=offset,
    )


def _cell_event(cell: Cell) -> RunEvent:
    return RunEvent(
        number=0,
        at=cell.ended_at or cell.started_at or datetime.now(UTC),
        kind="cell",
        state=cell.state,
        host=cell.host,
        element=cell.element,
        task=cell.task,
        message=cell.message,
        log_offset=cell.log_offset,
    )
