"""Capacity, holds, and the health of the machines behind servers, for the cluster service."""

from services.chassis.errors import NotFound
from services.chassis.routing import Call, Exposure, RouteTable
from services.contracts.node import (
    Allocation,
    CapacityReport,
    HealthReport,
    HealthRequest,
    Hold,
    HoldRequest,
    Node,
)
from services.node.domain import capacity
from services.node.domain.health import health_of
from services.node.factory import Factory
from services.node.storage.holds import allocate, get_hold, release
from services.node.storage.nodes import nodes_of_servers

routes = RouteTable("capacity")


@routes.get("/internal/capacity", Exposure.INTERNAL, "capacity.read", "Say what is free")
async def read_capacity(call: Call[Factory, None, None]) -> CapacityReport:
    async with call.context.db.all_projects(purpose="count what is held") as tx:
        return await capacity.report(tx)


@routes.put("/internal/holds/{cluster_id}", Exposure.INTERNAL, "node.hold", "Hold machines for a cluster")
async def hold_machines(call: Call[Factory, HoldRequest, None]) -> Hold:
    call.caller.require(call.body.project_id)
    async with call.context.db.all_projects(purpose="see that holds of all projects fit") as tx:
        return await capacity.hold(tx, call.body)


@routes.put("/internal/holds/{cluster_id}/allocation", Exposure.INTERNAL, "node.hold", "Record a cluster's machines")
async def record_allocation(call: Call[Factory, Allocation, None]) -> HealthReport:
    """Look at the cloud once more, so that the binding is the one of now."""
    async with call.context.db.project(*call.caller.scope().projects) as tx:
        hold = await get_hold(tx, call.path["cluster_id"])
    if hold is None:
        raise NotFound(cluster_id=call.path["cluster_id"])
    await call.context.watches[hold.cloud_id].look()
    (project_id,) = call.caller.scope().projects
    async with call.context.db.project(project_id) as tx:
        found = await nodes_of_servers(tx, hold.cloud_id, call.body.server_ids)
        await allocate(tx, hold.cluster_id, project_id, {server: node.id for server, node in found.items()})
    return _report(call.body.server_ids, found)


@routes.delete("/internal/holds/{cluster_id}", Exposure.INTERNAL, "node.hold", "Give a cluster's hold back")
async def release_machines(call: Call[Factory, None, None]) -> None:
    async with call.context.db.project(*call.caller.scope().projects) as tx:
        await release(tx, call.path["cluster_id"])


@routes.post("/internal/health", Exposure.INTERNAL, "capacity.read", "Say how servers' machines are")
async def read_health(call: Call[Factory, HealthRequest, None]) -> HealthReport:
    call.caller.require(call.body.project_id)
    async with call.context.db.project(call.body.project_id) as tx:
        found = await nodes_of_servers(tx, call.body.cloud_id, call.body.server_ids)
    return _report(call.body.server_ids, found)


def _report(server_ids: list[str], found: dict[str, Node]) -> HealthReport:
    return HealthReport([health_of(server, found.get(server)) for server in server_ids])
