"""Runs of elements that operations started, with the last cells that were seen of each."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cluster.schema import runs
from services.contracts.runs import Cell, Run

RUN_ENDED = frozenset({"succeeded", "failed", "cancelled", "lost"})


async def record_run(tx: AsyncConnection, run: Run, number: int) -> None:
    """Keep a run as it was seen now."""
    seen = {"state": run.state, "cells": msgspec.to_builtins(run.cells)}
    row = {
        "id": run.id,
        "project_id": run.project_id,
        "cluster_id": run.cluster_id,
        "operation_id": run.operation_id,
        "phase": run.phase,
        "number": number,
        "created_at": datetime.now(UTC),
        **seen,
    }
    await tx.execute(insert(runs).values(row).on_conflict_do_update(index_elements=["id"], set_=seen))


async def runs_of(tx: AsyncConnection, operation_id: str, phase: str | None = None) -> list[Row[Any]]:
    """Return the runs of an operation, the first first."""
    query = select(runs).where(runs.c.operation_id == operation_id).order_by(runs.c.number)
    return list(await tx.execute(query.where(runs.c.phase == phase) if phase else query))


async def states_of_runs(tx: AsyncConnection, cluster_id: str) -> dict[str, str]:
    """Return how a cluster's runs were when they were last seen, by id."""
    found = await tx.execute(select(runs.c.id, runs.c.state).where(runs.c.cluster_id == cluster_id))
    return {row.id: row.state for row in found}


async def change_run(tx: AsyncConnection, run_id: str, **values: Any) -> None:
    """Change columns of a run that is recorded."""
    await tx.execute(update(runs).where(runs.c.id == run_id).values(values))


def lost_run(row: Row[Any]) -> Run:
    """Return a recorded run as one that its runner does not know any more."""
    return Run(
        id=row.id,
        operation_id=row.operation_id,
        project_id=row.project_id,
        cluster_id=row.cluster_id,
        phase=row.phase,
        state="lost",
        reason=None,
        created_at=row.created_at,
        started_at=None,
        ended_at=None,
        cells=msgspec.convert(row.cells, list[Cell]),
    )


def cells_of(rows: list[Row[Any]]) -> list[Cell]:
    """Return the newest cell of each element and host over several runs of one phase."""
    newest: dict[tuple[str, str], Cell] = {}
    for row in rows:
        for cell in msgspec.convert(row.cells, list[Cell]):
            if cell.state != "pending" or (cell.element, cell.host) not in newest:
                newest[(cell.element, cell.host)] = cell
    return list(newest.values())
