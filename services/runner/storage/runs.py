"""Runs as callers see them, and the few changes that callers ask for."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_leave
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.bus import new_event
from services.chassis.outbox import outbox
from services.contracts.runs import Cell, Run, StartRun
from services.runner.schema import cells, runs
from services.runner.states import ENDED


async def create(tx: AsyncConnection, request: StartRun, mandate: str, matrix: Sequence[Cell]) -> bool:
    """Queue a run with its whole matrix; False if a run of this id is there already."""
    row = {
        "id": request.run_id,
        "project_id": request.project_id,
        "operation_id": request.operation_id,
        "cluster_id": request.cluster.id,
        "cloud_id": request.cloud_id,
        "phase": request.phase,
        "request": msgspec.to_builtins(request),
        "mandate": mandate,
        "state": "queued",
        "created_at": datetime.now(UTC),
    }
    made = await tx.execute(insert_or_leave(runs).values(row).on_conflict_do_nothing().returning(runs.c.id))
    if made.first() is None:
        return False
    common = {"run_id": request.run_id, "project_id": request.project_id}
    rows = [{**common, "position": n, **msgspec.structs.asdict(cell)} for n, cell in enumerate(matrix)]
    await tx.execute(insert(cells), rows)
    await announce(tx, request, "queued", None)
    return True


async def get(tx: AsyncConnection, run_id: str) -> Run | None:
    """Return a run with its matrix, if it is in the transaction's projects."""
    row = (await tx.execute(select(runs).where(runs.c.id == run_id))).mappings().first()
    if row is None:
        return None
    matrix = await tx.execute(select(cells).where(cells.c.run_id == run_id).order_by(cells.c.position))
    return Run(
        **{name: row[name] for name in Run.__struct_fields__ if name != "cells"},
        cells=[Cell(**{name: cell[name] for name in Cell.__struct_fields__}) for cell in matrix.mappings()],
    )


async def request_cancel(tx: AsyncConnection, run_id: str) -> bool:
    """Ask for the end of a run; False if it has ended already (or is not there)."""
    change = update(runs).where(runs.c.id == run_id, runs.c.state.not_in(ENDED)).values(cancel_requested=True)
    return (await tx.execute(change)).rowcount > 0


async def announce(tx: AsyncConnection, request: StartRun, state: str, reason: str | None) -> None:
    """Tell the bus, with the transaction, that a run has come to a state."""
    data = {"operation_id": request.operation_id, "cluster_id": request.cluster.id, "state": state, "reason": reason}
    event = new_event("run.changed", source="runner", subject=request.run_id, project_id=request.project_id, data=data)
    await outbox.add(tx, event)
