"""A cluster as plain files."""

import asyncio

from services.chassis.routing import Call, Exposure, RouteTable
from services.cluster.exceptions import NothingToExport
from services.cluster.export.document import Source, files_of
from services.cluster.factory import Factory
from services.cluster.routes.clusters import visible_cluster
from services.cluster.storage.plans import get_plan
from services.contracts.cluster import Cluster, Export

routes = RouteTable("exports")


@routes.get("/v1/clusters/{cluster_id}/export", Exposure.PUBLIC, "cluster.export", "Export a cluster")
async def export_cluster(call: Call[Factory, None, None]) -> Export:
    """Return HOT, Ansible and scripts that build the cluster without Cloudpoint; no secret of it is among them."""
    cluster = await visible_cluster(call)
    call.caller.require(cluster.project_id)
    source = await _source(call, cluster)
    return Export(cluster=cluster.name, files=await asyncio.to_thread(files_of, source))


async def _source(call: Call[Factory, None, None], cluster: Cluster) -> Source:
    deps = call.context.deps
    async with call.context.db.project(cluster.project_id) as tx:
        plan = await get_plan(tx, cluster.plan_id)
    cloud = call.context.settings.clouds.get(cluster.cloud_id)
    if plan is None or cloud is None:
        raise NothingToExport(f"What {cluster.name} was built from is not known any more.")
    blueprint = await deps.blueprints.of_plan(plan, call.caller)
    elements = {element.name: element for element in plan.elements}
    archives = {name: await deps.blueprints.element_archive(one, call.caller) for name, one in elements.items()}
    checks = await deps.blueprints.checks_archive(plan, call.caller)
    return Source(cluster, plan, blueprint, cloud.image, cloud.network, archives, checks)
