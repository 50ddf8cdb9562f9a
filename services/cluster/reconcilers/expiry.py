"""Clusters whose time has run out are deleted after a grace time, and their end is told before it comes."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis import outbox
from services.chassis.bus import new_event
from services.chassis.errors import Problem
from services.chassis.ids import new_id
from services.chassis.log import get_logger
from services.cluster.domain.lifecycle import start_delete
from services.cluster.factory import Factory
from services.cluster.storage.clusters import expiring, get_cluster, mark_notice
from services.contracts.cluster import Cluster

log = get_logger("cluster.expiry")
MANDATE = "cluster.expiry"


class Expiry:
    """Looks for clusters that end soon, and for those that ended."""

    def __init__(self, factory: Factory) -> None:
        self._factory = factory

    async def look(self) -> None:
        """Tell of ends that come near; begin to delete what was told of and is past its grace time."""
        now = datetime.now(UTC)
        settings = self._factory.settings
        grace = timedelta(seconds=settings.expiry_grace_seconds)
        async with self._factory.db.all_projects(purpose="expire clusters") as tx:
            ending = await expiring(tx, now + timedelta(seconds=settings.expiry_notice_seconds))
        for cluster in ending:
            try:
                if not await self._tell(cluster):
                    await self._end(cluster, now - grace)
            except Problem as problem:
                log.warning("expiry.failed", cluster_id=cluster.id, reason=str(problem))

    async def _tell(self, cluster: Cluster) -> bool:
        """Tell of a cluster's end, once; returns whether it was told now."""
        async with self._factory.db.project(cluster.project_id) as tx:
            untold = await mark_notice(tx, cluster.id, cluster.expires_at)
            if untold:
                await _announce(tx, cluster)
        return untold

    async def _end(self, cluster: Cluster, before: datetime) -> None:
        """Delete a cluster that ended ``before``; of one that is worked on only a parked build is undone."""
        if not _over(cluster, before):
            return
        mandate = await self._factory.deps.authz.standing(MANDATE)
        context = {"mandate": mandate, "by": f"svc:{MANDATE}"}
        if cluster.operation_id:
            await self._undo_parked(cluster, cluster.operation_id, context)
            return
        async with self._factory.db.project(cluster.project_id) as tx:
            current = await get_cluster(tx, cluster.id, for_update=True)
            if current and _over(current, before) and current.operation_id is None:
                await start_delete(self._factory, tx, current, new_id("op"), context)

    async def _undo_parked(self, cluster: Cluster, operation_id: str, context: dict[str, Any]) -> None:
        operations = self._factory.operations
        async with self._factory.db.project(cluster.project_id) as tx:
            operation = await operations.get(tx, operation_id)
            if operation and "undo" in operations.allowed(operation):
                await operations.hand_over(tx, operation_id, context)
                await operations.request_undo(tx, operation_id)


def _over(cluster: Cluster, before: datetime) -> bool:
    gone = cluster.locked or cluster.state in ("deleting", "deleted")
    return not gone and cluster.expires_at is not None and cluster.expires_at < before


async def _announce(tx: AsyncConnection, cluster: Cluster) -> None:
    data = {"name": cluster.name, "expires_at": cluster.expires_at.isoformat() if cluster.expires_at else None}
    event = new_event(
        "cluster.expiring", source="cluster", subject=cluster.id, project_id=cluster.project_id, data=data
    )
    await outbox.add(tx, event)
