"""Events in PostgreSQL: numbered under their project's counter, read by number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, Select, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.bus import Event
from services.chassis.db import Keyset
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


async def append(tx: AsyncConnection, project_id: str, arrived: Sequence[Event]) -> int:
    """Record what of ``arrived`` is new, in its order, and return how many.

    The counter's row is locked until the commit: a project has one writer at a time, so its numbers have no gap and
    become visible in order.
    """
    last = await _lock_counter(tx, project_id)
    new = await _unknown(tx, project_id, arrived)
    if not new:
        return 0
    rows = [_row(project_id, number, event) for number, event in enumerate(new, last + 1)]
    await tx.execute(insert(events), rows)
    await tx.execute(update(counters).where(counters.c.project_id == project_id).values(last_number=last + len(new)))
    await tx.execute(text(f"SELECT pg_notify('{CHANNEL}', :project)"), {"project": project_id})
    return len(new)


async def extent(tx: AsyncConnection, project_id: str) -> Extent:
    """Return which numbers the project has."""
    counted = select(counters.c.last_number).where(counters.c.project_id == project_id)
    last = (await tx.execute(counted)).scalar_one_or_none() or 0
    first = select(func.min(events.c.number)).where(events.c.project_id == project_id)
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


async def _lock_counter(tx: AsyncConnection, project_id: str) -> int:
    await tx.execute(upsert(counters).values(project_id=project_id, last_number=0).on_conflict_do_nothing())
    query = select(counters.c.last_number).where(counters.c.project_id == project_id).with_for_update()
    return int((await tx.execute(query)).scalar_one())


async def _unknown(tx: AsyncConnection, project_id: str, arrived: Sequence[Event]) -> list[Event]:
    by_id = {event.id: event for event in arrived}
    query = select(events.c.id).where(events.c.project_id == project_id, events.c.id.in_(list(by_id)))
    for known in (await tx.execute(query)).scalars():
        del by_id[known]
    return list(by_id.values())


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
