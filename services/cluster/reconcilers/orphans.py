"""Machine groups that no living cluster owns are removed: the losers of a race, and what a lost answer left."""

from services.chassis.auth.credentials import Mandate
from services.chassis.cloud import CloudAccess
from services.chassis.errors import Problem
from services.chassis.log import get_logger
from services.cluster.factory import Factory
from services.cluster.storage.clusters import places_with_groups
from services.cluster.storage.hosts import known_groups

log = get_logger("cluster.orphans")
MANDATE = "cluster.orphans"


class Orphans:
    """Compares what is at the clouds with what is recorded. A group is removed only when seen unowned twice."""

    def __init__(self, factory: Factory) -> None:
        self._factory = factory
        self._suspects: set[str] = set()

    async def look(self) -> None:
        """Look at every project that asked for machines, cloud by cloud; one that can't be seen holds up no other."""
        async with self._factory.db.all_projects(purpose="find orphans") as tx:
            places = await places_with_groups(tx)
        if not places:
            return
        mandate = Mandate(await self._factory.deps.authz.standing(MANDATE))
        suspects: set[str] = set()
        for project_id, cloud_id in places:
            try:
                suspects |= await self._look_at(project_id, cloud_id, mandate)
            except Problem as problem:
                log.warning("orphans.unseen", project_id=project_id, cloud_id=cloud_id, reason=str(problem))
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
        seconds = self._factory.settings.clouds[cloud_id].call_seconds
        return CloudAccess(credential.auth_type, credential.auth, credential.region, call_seconds=seconds)


async def _unguarded() -> None:
    """A reconciler holds no lease: what it removes was unowned in two looks."""
