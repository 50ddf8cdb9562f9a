"""Capacity, holds, and the health of the machines behind servers, for the cluster service."""

import asyncio
from contextlib import suppress
from typing import Any

import msgspec

from services.chassis.errors import FieldProblem, InvalidRequest, NotFound
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
from services.node.storage.access import within
from services.node.storage.holds import allocate, draw, former_nodes, get_hold, project_of_hold, release
from services.node.storage.nodes import nodes_by_id, nodes_of_servers

routes = RouteTable("capacity")
_ACTIVE = "active"
_FRESH_SECONDS = 3.0


class ReadCapacity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``fresh``: look at all clouds before the answer, as far as they answer within some seconds."""

    fresh: bool = False


@routes.get("/internal/capacity", Exposure.INTERNAL, "capacity.read", "Say what is free")
async def read_capacity(call: Call[Factory, None, ReadCapacity]) -> CapacityReport:
    if call.query.fresh:
        await _look_again(call.context)
    async with call.context.db.all_projects(purpose="count what is held") as tx:
        return await capacity.report(tx)


async def _look_again(context: Factory) -> None:
    looks = (watch.look_again() for watch in context.watches.values())
    with suppress(TimeoutError):
        async with asyncio.timeout(_FRESH_SECONDS):
            await asyncio.gather(*looks, return_exceptions=True)


@routes.put("/internal/holds/{cluster_id}", Exposure.INTERNAL, "node.hold", "Hold machines for a cluster")
async def hold_machines(call: Call[Factory, HoldRequest, None]) -> Hold:
    call.caller.require(call.body.project_id)
    if call.body.cluster_id != call.path["cluster_id"]:
        problem = FieldProblem("/cluster_id", "It is another cluster than the one of the path.")
        raise InvalidRequest("The hold is for two clusters.", errors=(problem,))
    async with call.context.db.all_projects(purpose="see that holds of all projects fit") as tx:
        return await capacity.hold(tx, call.body)


@routes.put("/internal/holds/{cluster_id}/allocation", Exposure.INTERNAL, "node.hold", "Record a cluster's machines")
async def record_allocation(call: Call[Factory, Allocation, None]) -> HealthReport:
    """Bind servers to the nodes on which all of them have settled; where one has not, as one more look shows it."""
    hold, project_id = await _hold_of(call)
    async with call.context.db.project(project_id) as tx:
        known = await nodes_of_servers(tx, hold.cloud_id, call.body.server_ids)
    if not _settled(call.body.server_ids, known):
        await call.context.watches[hold.cloud_id].look()
    async with call.context.db.project(project_id) as tx:
        found = await nodes_of_servers(tx, hold.cloud_id, call.body.server_ids)
        await allocate(tx, hold.cluster_id, project_id, _ids(found))
    return _report(call.body.server_ids, found, {})


@routes.delete("/internal/holds/{cluster_id}", Exposure.INTERNAL, "node.hold", "Give a cluster's hold back")
async def release_machines(call: Call[Factory, None, None]) -> None:
    async with within(call.context.db, call.caller.scope(), "release a hold") as tx:
        await release(tx, call.path["cluster_id"])


@routes.post("/internal/health", Exposure.INTERNAL, "capacity.read", "Say how servers' machines are")
async def read_health(call: Call[Factory, HealthRequest, None]) -> HealthReport:
    body = call.body
    call.caller.require(body.project_id)
    async with call.context.db.project(body.project_id) as tx:
        found = await nodes_of_servers(tx, body.cloud_id, body.server_ids)
        if body.cluster_id:
            call.caller.require(body.project_id, "node.hold")
            await draw(tx, body.cluster_id, body.project_id, _ids(found))
        former = await former_nodes(tx, body.server_ids)
        known = await nodes_by_id(tx, list(former.values()))
    return _report(body.server_ids, found, {server: known.get(node) for server, node in former.items()})


async def _hold_of(call: Call[Factory, Any, None]) -> tuple[Hold, str]:
    async with within(call.context.db, call.caller.scope(), "allocate a hold") as tx:
        found = await get_hold(tx, call.path["cluster_id"]), await project_of_hold(tx, call.path["cluster_id"])
    if found[0] is None or found[1] is None:
        raise NotFound(cluster_id=call.path["cluster_id"])
    return found[0], found[1]


def _settled(server_ids: list[str], known: dict[str, Node]) -> bool:
    """Say whether each server's node is active: it was deployed, and Nova tries no other one any more."""
    return all(server in known and known[server].state == _ACTIVE for server in server_ids)


def _ids(found: dict[str, Node]) -> dict[str, str]:
    return {server_id: node.id for server_id, node in found.items()}


def _report(server_ids: list[str], found: dict[str, Node], former: dict[str, Node | None]) -> HealthReport:
    return HealthReport(
        [
            health_of(server, found.get(server), was_placed=server in former, was_on=former.get(server))
            for server in server_ids
        ]
    )
