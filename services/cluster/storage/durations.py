"""How long the steps of earlier operations took: the platform's own history, of all projects."""

import time

from sqlalchemy import extract, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.db import Database
from services.chassis.saga.tables import OPERATION, STEP
from services.cluster.schema import clusters

_NEWEST = 20
_KEEP_SECONDS = 60.0


class Durations:
    """The usual seconds of each step, by kind of operation and blueprint; history is read anew after a minute."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: dict[tuple[str, str], tuple[float, dict[str, float]]] = {}

    async def usual_seconds(self, kind: str, cluster_id: str) -> dict[str, float]:
        """Return the usual seconds by the step's name, for clusters of the same blueprint; empty without history."""
        async with self._db.all_projects(purpose="estimate how long an operation takes") as tx:
            blueprint = await _blueprint_of(tx, cluster_id)
            until, usual = self._known.get((kind, blueprint), (0.0, {}))
            if until < time.monotonic():
                usual = await median_seconds(tx, kind, blueprint)
                self._known |= {(kind, blueprint): (time.monotonic() + _KEEP_SECONDS, usual)} if usual else {}
        return usual


async def median_seconds(tx: AsyncConnection, kind: str, blueprint: str) -> dict[str, float]:
    """Return the median of each step over the newest operations of a kind that succeeded."""
    newest = (
        select(OPERATION.c.id)
        .join(clusters, clusters.c.id == OPERATION.c.subject)
        .where(OPERATION.c.saga == kind, OPERATION.c.state == "succeeded", clusters.c.blueprint == blueprint)
        .order_by(OPERATION.c.ended_at.desc())
        .limit(_NEWEST)
    )
    seconds = extract("epoch", STEP.c.ended_at - STEP.c.started_at)
    query = (
        select(STEP.c.name, func.percentile_cont(0.5).within_group(seconds))
        .where(STEP.c.operation_id.in_(newest), STEP.c.started_at.is_not(None), STEP.c.ended_at.is_not(None))
        .group_by(STEP.c.name)
    )
    return {name: float(median) for name, median in await tx.execute(query)}


async def _blueprint_of(tx: AsyncConnection, cluster_id: str) -> str:
    found = await tx.execute(select(clusters.c.blueprint).where(clusters.c.id == cluster_id))
    return found.scalar_one_or_none() or ""
