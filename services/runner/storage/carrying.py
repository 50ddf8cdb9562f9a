"""What the process that carries runs reads and writes: claims, signs of life, results."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Row, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.runs import Cell, RunEvent, StartRun
from services.runner.schema import cells, events, runs
from services.runner.storage.runs import announce

_NOW = func.clock_timestamp()
"""Signs of life are compared among runners, each of which may have its own idea of what time it is."""


@dataclass(frozen=True)
class Claimed:
    """A run that this process carries."""

    request: StartRun
    mandate: str
    cancel_requested: bool


async def claim_queued(tx: AsyncConnection, holder: str) -> Claimed | None:
    """Take the oldest queued run for ``holder``; it is running from now on. Several processes may ask at once."""
    oldest = select(runs.c.id).where(runs.c.state == "queued").order_by(runs.c.created_at).limit(1)
    change = (
        update(runs)
        .where(runs.c.id == oldest.with_for_update(skip_locked=True).scalar_subquery())
        .values(state="running", holder=holder, alive_at=_NOW, started_at=_NOW)
        .returning(runs)
    )
    row = (await tx.execute(change)).first()
    if row is None:
        return None
    claimed = _claimed(row)
    await announce(tx, claimed.request, "running", None)
    return claimed


async def claim_abandoned(tx: AsyncConnection, holder: str, started: datetime, silent_seconds: float) -> list[Claimed]:
    """Take over the runs that nobody carries: ``holder``'s from before it ``started``, and those gone silent.

    ``started`` is by the database's clock, as signs of life are.
    """
    silent = runs.c.alive_at < _NOW - timedelta(seconds=silent_seconds)
    mine = and_(runs.c.holder == holder, runs.c.started_at < started, runs.c.alive_at < started)
    left = select(runs.c.id).where(runs.c.state == "running", or_(silent, mine)).with_for_update(skip_locked=True)
    change = update(runs).where(runs.c.id.in_(left)).values(holder=holder, alive_at=_NOW).returning(runs)
    return [_claimed(row) for row in await tx.execute(change)]


async def matrix_of(tx: AsyncConnection, run_id: str) -> list[Cell]:
    """Return a run's matrix."""
    rows = await tx.execute(select(cells).where(cells.c.run_id == run_id).order_by(cells.c.position))
    return [Cell(**{name: row[name] for name in Cell.__struct_fields__}) for row in rows.mappings()]


async def counted(tx: AsyncConnection, run_id: str) -> tuple[int, int]:
    """Return how many events and how many characters of log a run has."""
    newest = select(func.coalesce(func.max(events.c.number), 0)).where(events.c.run_id == run_id)
    written = select(runs.c.log_characters).where(runs.c.id == run_id)
    return (await tx.execute(newest)).scalar_one(), (await tx.execute(written)).scalar_one()


async def still_alive(tx: AsyncConnection, run_ids: list[str]) -> set[str]:
    """Say that these runs are being carried; return those of them that are to be cancelled."""
    change = update(runs).where(runs.c.id.in_(run_ids)).values(alive_at=_NOW)
    rows = await tx.execute(change.returning(runs.c.id, runs.c.cancel_requested))
    return {row.id for row in rows if row.cancel_requested}


async def end(tx: AsyncConnection, request: StartRun, state: str, reason: str | None) -> RunEvent:
    """Bring a run to its last state; return the event of it, still without a number."""
    now = datetime.now(UTC)
    change = update(runs).where(runs.c.id == request.run_id).values(state=state, reason=reason, ended_at=now)
    await tx.execute(change)
    await announce(tx, request, state, reason)
    return RunEvent(number=0, at=now, kind="run", state=state, message=reason)


def _claimed(row: Row[Any]) -> Claimed:
    request = msgspec.convert(row.request, StartRun)
    return Claimed(request, row.mandate, row.cancel_requested)
