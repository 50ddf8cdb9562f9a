"""Clusters that differ from what their cloud has are reported as degraded, never silently repaired."""

from services.chassis.auth.credentials import Mandate
from services.chassis.errors import Problem
from services.chassis.log import get_logger
from services.cluster.factory import Factory
from services.cluster.storage.clusters import change_cluster, get_cluster, settled
from services.contracts.cluster import Cluster
from services.contracts.node import HealthRequest

log = get_logger("cluster.drift")
MANDATE = "cluster.drift"


class Drift:
    """Compares the machines of clusters that stand with what Ironic says of them now."""

    def __init__(self, factory: Factory) -> None:
        self._factory = factory

    async def look(self) -> None:
        """Look at every cluster that has nothing under way."""
        async with self._factory.db.all_projects(purpose="find drift") as tx:
            standing = await settled(tx)
        if not standing:
            return
        mandate = Mandate(await self._factory.deps.authz.standing(MANDATE))
        for cluster in standing:
            try:
                await self._look_at(cluster, mandate)
            except Problem as problem:
                log.warning("drift.unseen", cluster_id=cluster.id, reason=str(problem))

    async def _look_at(self, cluster: Cluster, mandate: Mandate) -> None:
        servers = [host.server_id for host in cluster.hosts if host.server_id]
        request = HealthRequest(project_id=cluster.project_id, cloud_id=cluster.cloud_id, server_ids=servers)
        report = await self._factory.deps.nodes.health(request, mandate)
        names = {host.server_id: host.name for host in cluster.hosts}
        wrong = [f"{names[item.server_id]}: {item.reason}" for item in report.items if item.reason]
        state, reason = ("degraded", "; ".join(wrong)) if wrong else ("ready", None)
        if (state, reason) != (cluster.state, cluster.reason):
            await self._report(cluster, state, reason)

    async def _report(self, cluster: Cluster, state: str, reason: str | None) -> None:
        async with self._factory.db.project(cluster.project_id) as tx:
            current = await get_cluster(tx, cluster.id, for_update=True)
            if current and current.operation_id is None and current.state in ("ready", "degraded"):
                await change_cluster(tx, cluster.id, state=state, reason=reason)
