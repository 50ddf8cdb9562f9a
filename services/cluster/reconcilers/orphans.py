"""Machine groups that no living cluster owns are removed: the losers of a race, and what a lost answer left."""

from services.chassis.auth.credentials import Mandate
from services.chassis.cloud import CloudAccess
from services.chassis.log import get_logger
from services.cluster.factory import Factory
from services.cluster.storage.clusters import project_clouds
from services.cluster.storage.hosts import known_groups

log = get_logger("cluster.orphans")
MANDATE = "cluster.orphans"


class Orphans:
    """Compares what is at the clouds with what is recorded. A group is removed only when seen unowned twice."""

    def __init__(self, factory: Factory) -> None:
        self._factory = factory
        self._suspects: set[str] = set()

    async def look(self) -> None:
        """Look at every project that has or had clusters, cloud by cloud."""
        async with self._factory.db.all_projects(purpose="find orphans") as tx:
            places = await project_clouds(tx)
        if not places:
            return
        mandate = Mandate(await self._factory.deps.authz.standing(MANDATE))
        suspects: set[str] = set()
        for project_id, cloud_id in places:
            suspects |= await self._look_at(project_id, cloud_id, mandate)
        self._suspects = suspects

    async def _look_at(self, project_id: str, cloud_id: str, mandate: Mandate) -> set[str]:
        access = await self._access(project_id, cloud_id, mandate)
        found = await self._factory.deps.groups.all_of_platform(access)
        async with self._factory.db.project(project_id) as tx:
            owned, busy = await known_groups(tx, project_id)
        unowned = {ref for ref, cluster_id, _name in found if ref not in owned and cluster_id not in busy}
        for reference in unowned & self._suspects:
            log.warning("orphan.removed", reference=reference, project_id=project_id, cloud_id=cloud_id)
            await self._factory.deps.groups.remove(access, reference, _unguarded)
        return unowned

    async def _access(self, project_id: str, cloud_id: str, mandate: Mandate) -> CloudAccess:
        credential = await self._factory.deps.identity.credential(project_id, cloud_id, mandate)
        return CloudAccess(credential.auth_type, credential.auth, credential.region)


async def _unguarded() -> None:
    """A reconciler holds no lease: what it removes was unowned in two looks."""
