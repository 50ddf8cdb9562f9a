"""What happened in a run: events, cells and log, written in batches and read in pieces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.bus import new_event
from services.chassis.outbox import outbox
from services.contracts.runs import Cell, RunEvent, StartRun
from services.runner.schema import cells, events, log, runs

_EVENTS_A_MESSAGE = 100
"""So many events go out as one message on the bus at most."""
_CHANGING = ("state", "task", "message", "started_at", "ended_at", "log_offset")
"""What of a cell changes during a run."""


@dataclass
class Batch:
    """What is written at once. ``log_start`` is the offset of ``log`` in characters."""

    events: list[RunEvent] = field(default_factory=list)
    cells: Mapping[int, Cell] = field(default_factory=dict)
    log: str = ""
    log_start: int = 0

    def __bool__(self) -> bool:
        return bool(self.events or self.cells or self.log)


async def write(tx: AsyncConnection, request: StartRun, batch: Batch) -> None:
    """Write a batch, and put its events on the bus with the transaction."""
    common = {"run_id": request.run_id, "project_id": request.project_id}
    if batch.events:
        await tx.execute(insert(events), [{**common, **msgspec.structs.asdict(event)} for event in batch.events])
        await _announce(tx, request, batch.events)
    if batch.cells:
        changes = [{"at": position, **_changing(cell)} for position, cell in batch.cells.items()]
        where = (cells.c.run_id == request.run_id, cells.c.position == bindparam("at"))
        await tx.execute(update(cells).where(*where).values({name: bindparam(name) for name in _CHANGING}), changes)
    if batch.log:
        await tx.execute(insert(log).values(**common, start=batch.log_start, text=batch.log))
        characters = batch.log_start + len(batch.log)
        await tx.execute(update(runs).where(runs.c.id == request.run_id).values(log_characters=characters))


def _changing(cell: Cell) -> dict[str, Any]:
    return {name: getattr(cell, name) for name in _CHANGING}


async def read_events(tx: AsyncConnection, run_id: str, after: int, limit: int) -> list[RunEvent]:
    """Return events with a number above ``after``, in order."""
    query = select(events).where(events.c.run_id == run_id, events.c.number > after).order_by(events.c.number)
    rows = await tx.execute(query.limit(limit))
    return [RunEvent(**{name: row[name] for name in RunEvent.__struct_fields__}) for row in rows.mappings()]


async def read_log(tx: AsyncConnection, run_id: str, offset: int, characters: int) -> str:
    """Return up to ``characters`` of a run's log from ``offset`` on."""
    before = select(log.c.start).where(log.c.run_id == run_id, log.c.start <= offset)
    first = before.order_by(log.c.start.desc()).limit(1).scalar_subquery()
    query = select(log.c.start, log.c.text).where(
        log.c.run_id == run_id, log.c.start >= first, log.c.start < offset + characters
    )
    found = (await tx.execute(query.order_by(log.c.start))).all()
    if not found:
        return ""
    skipped = offset - found[0].start
    return "".join(row.text for row in found)[skipped : skipped + characters]


async def _announce(tx: AsyncConnection, request: StartRun, happened: Sequence[RunEvent]) -> None:
    common = {"operation_id": request.operation_id, "cluster_id": request.cluster.id}
    for start in range(0, len(happened), _EVENTS_A_MESSAGE):
        data = {**common, "events": msgspec.to_builtins(happened[start : start + _EVENTS_A_MESSAGE])}
        event = new_event(
            "run.progressed", source="runner", subject=request.run_id, project_id=request.project_id, data=data
        )
        await outbox.add(tx, event)
