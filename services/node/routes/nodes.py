"""Nodes, for operators."""

from typing import Any

from services.chassis.errors import FieldProblem, NotFound
from services.chassis.routing import Call, Exposure, Page, Paging, RouteTable
from services.contracts.node import Node, SetMaintenance, SetPower
from services.node.adapters.ironic import POWER_TARGETS
from services.node.exceptions import NodeInUse, UnknownPowerTarget
from services.node.factory import Factory
from services.node.storage.nodes import get_node, page_of_nodes

routes = RouteTable("nodes")


class ListNodes(Paging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Narrow the list by what a node must have."""

    cloud_id: str | None = None
    state: str | None = None
    resource_class: str | None = None
    power: str | None = None
    maintenance: bool | None = None


@routes.get("/v1/nodes", Exposure.OPERATOR, "node.read", "List nodes")
async def list_nodes(call: Call[Factory, None, ListNodes]) -> Page[Node]:
    query = call.query
    names = ("cloud_id", "state", "resource_class", "power", "maintenance")
    filters = {name: value for name in names if (value := getattr(query, name)) is not None}
    items, cursor = await page_of_nodes(call.context.db, limit=query.limit, cursor=query.cursor, filters=filters)
    return Page(items, cursor)


@routes.get("/v1/nodes/{node_id}", Exposure.OPERATOR, "node.read", "Show a node")
async def show_node(call: Call[Factory, None, None]) -> Node:
    """Show a node, by its id or its name."""
    return await _named(call)


@routes.post("/v1/nodes/{node_id}/power", Exposure.OPERATOR, "node.power", "Switch a node", status=202)
async def set_node_power(call: Call[Factory, SetPower, None]) -> Node:
    """Ask for a power state. A node that serves a cluster can be rebooted and switched on, not off."""
    node = await _named(call)
    target = call.body.target
    if target not in POWER_TARGETS:
        problem = FieldProblem("/target", f"{target} is no power target.", f"There are: {', '.join(POWER_TARGETS)}.")
        raise UnknownPowerTarget("The power target is not known.", errors=(problem,))
    if node.cluster_id and target in ("off", "soft-off"):
        raise NodeInUse(
            f"Node {node.name} serves the cluster {node.cluster_id}.", hint="Take it into maintenance first."
        )
    await call.context.ironic.set_power(node.cloud_id, node.cloud_node_id, target)
    return await _looked_again(call, node)


@routes.put("/v1/nodes/{node_id}/maintenance", Exposure.OPERATOR, "node.maintain", "Take a node into maintenance")
async def begin_node_maintenance(call: Call[Factory, SetMaintenance, None]) -> Node:
    node = await _named(call)
    await call.context.ironic.set_maintenance(node.cloud_id, node.cloud_node_id, call.body.reason)
    return await _looked_again(call, node)


@routes.delete(
    "/v1/nodes/{node_id}/maintenance", Exposure.OPERATOR, "node.maintain", "Take a node out of maintenance", status=200
)
async def end_node_maintenance(call: Call[Factory, None, None]) -> Node:
    node = await _named(call)
    await call.context.ironic.set_maintenance(node.cloud_id, node.cloud_node_id, None)
    return await _looked_again(call, node)


async def _named(call: Call[Factory, Any, Any]) -> Node:
    async with call.context.db.all_projects(purpose="show a node") as tx:
        node = await get_node(tx, call.path["node_id"])
    if node is None:
        raise NotFound()
    return node


async def _looked_again(call: Call[Factory, Any, Any], node: Node) -> Node:
    await call.context.watches[node.cloud_id].look()
    async with call.context.db.all_projects(purpose="show a node") as tx:
        return await get_node(tx, node.id) or node
