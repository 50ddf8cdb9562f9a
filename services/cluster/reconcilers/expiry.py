"""Clusters whose time has run out are deleted after a grace time, and their end is told before it comes."""

from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis import outbox
from services.chassis.bus import new_event
from services.chassis.ids import new_id
from services.cluster.domain.lifecycle import start_delete
from services.cluster.factory import Factory
from services.cluster.storage.clusters import expiring, get_cluster, mark_notice
from services.contracts.cluster import Cluster

MANDATE = "cluster.expiry"


class Expiry:
    """Looks for clusters that end soon, and for those that ended."""

    def __init__(self, factory: Factory) -> None:
        self._factory = factory

    async def look(self) -> None:
        """Tell of ends that come near; begin the deletion of what is past its grace time."""
        now = datetime.now(UTC)
        settings = self._factory.settings
        notice = now + timedelta(seconds=settings.expiry_notice_seconds)
        grace = timedelta(seconds=settings.expiry_grace_seconds)
        async with self._factory.db.all_projects(purpose="expire clusters") as tx:
            ending = await expiring(tx, notice)
        for cluster in ending:
            if cluster.expires_at and cluster.expires_at + grace < now:
                await self._delete(cluster)
            else:
                await self._tell(cluster)

    async def _delete(self, cluster: Cluster) -> None:
        mandate = await self._factory.deps.authz.standing(MANDATE)
        async with self._factory.db.project(cluster.project_id) as tx:
            current = await get_cluster(tx, cluster.id, for_update=True)
            if current and current.operation_id is None and not current.locked and current.state != "deleted":
                context = {"mandate": mandate, "by": f"svc:{MANDATE}"}
                await start_delete(self._factory, tx, current, new_id("op"), context)

    async def _tell(self, cluster: Cluster) -> None:
        async with self._factory.db.project(cluster.project_id) as tx:
            if await mark_notice(tx, cluster.id, cluster.expires_at):
                await _announce(tx, cluster)


async def _announce(tx: AsyncConnection, cluster: Cluster) -> None:
    data = {"name": cluster.name, "expires_at": cluster.expires_at.isoformat() if cluster.expires_at else None}
    event = new_event(
        "cluster.expiring", source="cluster", subject=cluster.id, project_id=cluster.project_id, data=data
    )
    await outbox.add(tx, event)
