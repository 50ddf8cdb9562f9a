"""Holds on capacity, and what became of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, ScalarSelect, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.ids import new_id
from services.contracts.node import Hold, HoldItem, HoldRequest
from services.node.schema import allocations, hold_items, holds, nodes

_LOCK = "select pg_advisory_xact_lock(hashtext('holds'))"


async def lock_holds(tx: AsyncConnection) -> None:
    """Let one transaction at a time decide about capacity (until it ends)."""
    await tx.execute(text(_LOCK))


async def held(tx: AsyncConnection) -> dict[tuple[str, str], int]:
    """Return per cloud and resource class how many machines are held and not yet in use by the cluster they are for."""
    left = func.sum(func.greatest(0, hold_items.c["count"] - _drawn()))
    query = (
        select(hold_items.c.cloud_id, hold_items.c.resource_class, left.label("left"))
        .join(holds, holds.c.id == hold_items.c.hold_id)
        .where(holds.c.state == "held", holds.c.expires_at > func.now())
        .group_by(hold_items.c.cloud_id, hold_items.c.resource_class)
    )
    return {(row.cloud_id, row.resource_class): int(row.left) for row in await tx.execute(query)}


def _drawn() -> ScalarSelect[int]:
    """How many machines of an item's class its cluster's servers are on at this moment."""
    mine = (allocations.c.cluster_id == holds.c.cluster_id) & (nodes.c.resource_class == hold_items.c.resource_class)
    query = select(func.count()).select_from(
        allocations.join(
            nodes, (nodes.c.id == allocations.c.node_id) & (nodes.c.instance_id == allocations.c.server_id)
        )
    )
    return query.where(mine).correlate(holds, hold_items).scalar_subquery()


def has_ended(hold: Hold) -> bool:
    """Tell whether a hold's time ran out before its machines were there."""
    return hold.state == "held" and hold.expires_at <= datetime.now(UTC)


async def get_hold(tx: AsyncConnection, cluster_id: str) -> Hold | None:
    """Return a cluster's hold."""
    row = (await tx.execute(select(holds).where(holds.c.cluster_id == cluster_id))).one_or_none()
    if row is None:
        return None
    items = await tx.execute(select(hold_items).where(hold_items.c.hold_id == row.id))
    return _hold(row, [HoldItem(item.resource_class, item._mapping["count"]) for item in items])


async def project_of_hold(tx: AsyncConnection, cluster_id: str) -> str | None:
    """Return the project of a cluster's hold."""
    return (await tx.execute(select(holds.c.project_id).where(holds.c.cluster_id == cluster_id))).scalar_one_or_none()


async def add_hold(tx: AsyncConnection, request: HoldRequest) -> Hold:
    """Write a hold; the caller has decided that it fits."""
    row = {
        "id": new_id("hld"),
        "project_id": request.project_id,
        "cluster_id": request.cluster_id,
        "cloud_id": request.cloud_id,
        "state": "held",
        "expires_at": datetime.now(UTC) + timedelta(seconds=request.expires_in_seconds),
    }
    await tx.execute(insert(holds).values(row))
    shared = {"hold_id": row["id"], "project_id": request.project_id, "cloud_id": request.cloud_id}
    items = [{**shared, "resource_class": item.resource_class, "count": item.count} for item in request.items]
    if items:
        await tx.execute(insert(hold_items).values(items))
    added = await get_hold(tx, request.cluster_id)
    assert added is not None
    return added


async def allocate(tx: AsyncConnection, cluster_id: str, project_id: str, nodes_by_server: dict[str, str]) -> None:
    """Turn a hold into an allocation: these servers, each with its node's id, and no others."""
    await tx.execute(update(holds).where(holds.c.cluster_id == cluster_id).values(state="allocated"))
    others = allocations.c.server_id.not_in(list(nodes_by_server))
    await tx.execute(delete(allocations).where(allocations.c.cluster_id == cluster_id, others))
    await draw(tx, cluster_id, project_id, nodes_by_server)


async def draw(tx: AsyncConnection, cluster_id: str, project_id: str, nodes_by_server: dict[str, str]) -> None:
    """Note which nodes a cluster's servers came to be on; they no longer count as held."""
    for server_id, node_id in sorted(nodes_by_server.items()):
        row = {"server_id": server_id, "project_id": project_id, "cluster_id": cluster_id, "node_id": node_id}
        query = insert(allocations).values(row)
        await tx.execute(query.on_conflict_do_update(index_elements=["server_id"], set_=row))


async def former_nodes(tx: AsyncConnection, server_ids: list[str]) -> dict[str, str]:
    """Return the id of the node that each server was seen on last, of those that were on one."""
    query = select(allocations.c.server_id, allocations.c.node_id).where(allocations.c.server_id.in_(server_ids))
    return {row.server_id: row.node_id for row in await tx.execute(query)}


async def release(tx: AsyncConnection, cluster_id: str) -> None:
    """Forget a cluster's hold and allocation."""
    mine = select(holds.c.id).where(holds.c.cluster_id == cluster_id)
    await tx.execute(delete(hold_items).where(hold_items.c.hold_id.in_(mine)))
    await tx.execute(delete(holds).where(holds.c.cluster_id == cluster_id))
    await tx.execute(delete(allocations).where(allocations.c.cluster_id == cluster_id))


def _hold(row: Row[Any], items: list[HoldItem]) -> Hold:
    return Hold(
        id=row.id,
        cluster_id=row.cluster_id,
        cloud_id=row.cloud_id,
        items=items,
        state=row.state,
        expires_at=row.expires_at,
    )
