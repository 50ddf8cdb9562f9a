"""One cluster of a project of its own, for sagas that a test drives itself."""

from sqlalchemy import select

from services.chassis.auth.credentials import Mandate
from services.chassis.cloud import CloudAccess
from services.chassis.ids import new_id
from services.chassis.saga.testing import SagaCase
from services.cluster.planning.plan import make_plan
from services.cluster.sagas.build import BUILD
from services.cluster.sagas.follow import follow
from services.cluster.storage.clusters import add_cluster, get_cluster
from services.cluster.storage.hosts import add_hosts, groups_of
from services.cluster.storage.plans import add_plan
from services.cluster.storage.runs import RUN_ENDED, states_of_runs
from services.cluster.tests.world import PARAMETERS
from services.node.schema import holds


class Case:
    """One cluster of a project of its own, in the service without workers, and what must be left of it."""

    def __init__(self, world, project):
        self.world = world
        self.factory = world.idle.context
        self.project = project
        self.cluster_id = new_id("clu")
        self.context = {"mandate": world.mandate(project)}

    async def plan(self):
        deps = self.factory.deps
        capacity = await deps.nodes.capacity(self.mandate)
        plan = make_plan(
            plan_id=new_id("pln"),
            project_id=self.project,
            cloud_id="alpha",
            cluster_name="law",
            blueprint=await deps.blueprints.find("small", None, None, self.project, self.mandate),
            given=PARAMETERS,
            capacity=capacity,
            batch_size=1,
            now=capacity.taken_at,
        )
        async with self.factory.db.project(self.project) as tx:
            await add_plan(tx, plan)
            await add_cluster(tx, self.cluster_id, plan, "op_law", None, False)
            await add_hosts(tx, self.cluster_id, plan)
        return plan

    @property
    def mandate(self):
        return Mandate(self.context["mandate"])

    def saga_case(self, saga, plan_id):
        return SagaCase(
            db=self.factory.db,
            saga=saga,
            deps=self.factory.deps,
            project_id=self.project,
            subject=self.cluster_id,
            params={"plan_id": plan_id},
            built=self.stands if saga is BUILD else self.gone,
            gone=self.gone,
            context=self.context,
            on_change=follow,
            longest_wait_seconds=0.2,
            deadline_seconds=60.0,
        )

    async def stands(self):
        cluster, groups = await self._rows()
        assert cluster.state == "ready" and cluster.operation_id is None
        assert {host.state for host in cluster.hosts} == {"ready"} and all(host.node_name for host in cluster.hosts)
        assert {group.backend_ref for group in groups} == await self._at_the_cloud() and len(groups) == 3
        assert await self._held() == ["allocated"]

    async def gone(self):
        cluster, groups = await self._rows()
        assert cluster.state == "deleted" and cluster.operation_id is None
        assert {host.state for host in cluster.hosts} == {"removed"}
        assert groups == [] and await self._at_the_cloud() == set() and await self._held() == []
        assert self.world.hosts.going_on(self.cluster_id) == []
        async with self.factory.db.project(self.project) as tx:
            assert set((await states_of_runs(tx, self.cluster_id)).values()) <= set(RUN_ENDED)

    async def state(self):
        return (await self._rows())[0].state

    async def _rows(self):
        async with self.factory.db.project(self.project) as tx:
            return await get_cluster(tx, self.cluster_id), await groups_of(tx, self.cluster_id)

    async def _held(self):
        async with self.world.running["node"].context.db.project(self.project) as tx:
            query = select(holds.c.state).where(holds.c.cluster_id == self.cluster_id)
            return list((await tx.execute(query)).scalars())

    async def _at_the_cloud(self):
        found = await self.factory.deps.groups.all_of_platform(await self.access())
        return {reference for reference, _cluster, _name in found}

    async def access(self):
        found = await self.factory.deps.identity.credential(self.project, "alpha", self.mandate)
        return CloudAccess(found.auth_type, found.auth, found.region)
