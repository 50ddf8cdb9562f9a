"""Events in PostgreSQL: numbered under their project's counter, read by number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, Select, delete, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.bus import Event
from services.chassis.db import Database, Keyset
from services.contracts.event import RecordedEvent
from services.events.schema import counters, events

CHANNEL = "cloudpoint_events"
"""PostgreSQL tells on it, with the project's id, that a project has new events."""
_OLDEST_FIRST = Keyset((events.c.number, "asc"))
_NEWEST_FIRST = Keyset((events.c.number, "desc"))


@dataclass(frozen=True)
class Wanted:
    """Which events of a project: of one subject, of one type (or all below it, ``cluster.*``)."""

    subject: str | None = None
    type: str | None = None

    def matches(self, event: RecordedEvent) -> bool:
        """Tell whether ``event`` is among them."""
        if self.subject is not None and event.subject != self.subject:
            return False
        if self.type is None:
            return True
        return event.type.startswith(self.type[:-1]) if self.type.endswith(".*") else event.type == self.type

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the same for SQL."""
        found: list[ColumnElement[bool]] = []
        if self.subject is not None:
            found.append(events.c.subject == self.subject)
        if self.type is not None and self.type.endswith(".*"):
            found.append(events.c.type.startswith(self.type[:-1], autoescape=True))
        elif self.type is not None:
            found.append(events.c.type == self.type)
        return found


@dataclass(frozen=True)
class Extent:
    """The numbers that a project has: ``oldest`` is the first that is kept (``last`` + 1 when none is)."""

    oldest: int
    last: int


async def append(db: Database, project_id: str, arrived: Sequence[Event]) -> int:
    """Record what of ``arrived`` is new, in its order, and return how many.

    Known ones are rare, and found when they are written: asked for a list of ids, PostgreSQL may read all that the
    project has.
    """
    new = {event.id: event for event in arrived}
    while new:
        try:
            async with db.project(project_id) as tx:
                await _record(tx, project_id, list(new.values()))
            break
        except _Known as known:
            new = {id: event for id, event in new.items() if id not in known.ids}
    return len(new)


async def extent(tx: AsyncConnection, project_id: str) -> Extent:
    """Return which numbers the project has."""
    counted = select(counters.c.last_number).where(counters.c.project_id == project_id)
    last = (await tx.execute(counted)).scalar_one_or_none() or 0
    first = select(events.c.number).where(events.c.project_id == project_id).order_by(events.c.number).limit(1)
    return Extent((await tx.execute(first)).scalar_one_or_none() or last + 1, last)


async def following(tx: AsyncConnection, project_id: str, after: int, limit: int) -> list[RecordedEvent]:
    """Return at most ``limit`` events with a higher number than ``after``, the oldest first."""
    query = select(events).where(events.c.project_id == project_id, events.c.number > after)
    return [_recorded(row) for row in await tx.execute(query.order_by(events.c.number).limit(limit))]


async def page(
    tx: AsyncConnection, project_id: str, wanted: Wanted, *, after: int | None, limit: int, cursor: str | None
) -> tuple[list[RecordedEvent], str | None]:
    """Return a page and its next cursor: oldest first beyond ``after``, newest first without it. Raises BadCursor."""
    query: Select[Any] = select(events).where(events.c.project_id == project_id, *wanted.conditions())
    if after is not None:
        query = query.where(events.c.number > after)
    order = _NEWEST_FIRST if after is None else _OLDEST_FIRST
    found = await order.fetch(tx, query, limit=limit, cursor=cursor)
    return [_recorded(row) for row in found.rows], found.next_cursor


async def purge(tx: AsyncConnection, keep_days: float) -> int:
    """Delete what is older than it is kept, in all projects; return how many."""
    old = events.c.recorded_at < datetime.now(UTC) - timedelta(days=keep_days)
    return (await tx.execute(delete(events).where(old))).rowcount


class _Known(Exception):
    """Some events are recorded already, and took numbers that they must give back."""

    def __init__(self, ids: set[str]) -> None:
        super().__init__(ids)
        self.ids = ids


async def _record(tx: AsyncConnection, project_id: str, new: Sequence[Event]) -> None:
    """Record events that nobody has recorded. Raises _Known, which must end the transaction.

    The counter's row is locked until the commit: a project has one writer at a time, so its numbers have no gap and
    become visible in order.
    """
    counted = upsert(counters).values(project_id=project_id, last_number=len(new))
    last_number = counters.c.last_number + counted.excluded.last_number
    count = counted.on_conflict_do_update(index_elements=["project_id"], set_={"last_number": last_number})
    last = (await tx.execute(count.returning(counters.c.last_number))).scalar_one()
    rows = [_row(project_id, number, event) for number, event in enumerate(new, last - len(new) + 1)]
    write = upsert(events).on_conflict_do_nothing(index_elements=["project_id", "id"]).returning(events.c.id)
    written = set((await tx.execute(write, rows)).scalars())
    if known := {event.id for event in new} - written:
        raise _Known(known)
    await tx.execute(text(f"SELECT pg_notify('{CHANNEL}', :project)"), {"project": project_id})


def _row(project_id: str, number: int, event: Event) -> dict[str, Any]:
    return {
        "project_id": project_id,
        "number": number,
        "id": event.id,
        "type": event.type,
        "source": event.source,
        "subject": event.subject,
        "at": event.at,
        "data": msgspec.to_builtins(event.data),
        "recorded_at": datetime.now(UTC),
    }


def _recorded(row: Row[Any]) -> RecordedEvent:
    return RecordedEvent(
        number=row.number,
        id=row.id,
        type=row.type,
        source=row.source,
        subject=row.subject,
        project_id=row.project_id,
        at=row.at,
        data=row.data,
    )
