"""The copy of Ironic's nodes."""

from typing import Any

import msgspec
from sqlalchemy import Row, Select, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis import outbox
from services.chassis.bus import new_event
from services.chassis.db import Keyset
from services.chassis.ids import new_id
from services.contracts.node import Node
from services.node.schema import allocations, nodes

_BY_NAME = Keyset((nodes.c.name, "asc"), (nodes.c.id, "asc"))
_TOLD = ("state", "power", "maintenance", "last_error", "instance_id")


async def replace_nodes(tx: AsyncConnection, cloud_id: str, seen: list[Node]) -> None:
    """Bring the copy of one cloud in line with what was seen, and tell of each node that changed."""
    known = {row.cloud_node_id: row for row in await tx.execute(select(nodes).where(nodes.c.cloud_id == cloud_id))}
    for node in seen:
        row = known.pop(node.cloud_node_id, None)
        node_id = row.id if row else new_id("nod")
        values = {**msgspec.structs.asdict(node), "id": node_id}
        values.pop("cluster_id")
        query = insert(nodes).values(values)
        await tx.execute(query.on_conflict_do_update(index_elements=["cloud_id", "cloud_node_id"], set_=values))
        if row is None or any(getattr(row, name) != getattr(node, name) for name in _TOLD):
            await _tell(tx, node_id, node)
    gone = [row.id for row in known.values()]
    if gone:
        await tx.execute(delete(nodes).where(nodes.c.id.in_(gone)))


async def page_of_nodes(
    tx: AsyncConnection,
    *,
    limit: int,
    cursor: str | None,
    filters: dict[str, Any],
) -> tuple[list[Node], str | None]:
    """Return a page of nodes by name; ``filters`` are columns and the values they must have."""
    query = _with_cluster()
    for name, value in filters.items():
        query = query.where(nodes.c[name] == value)
    page = await _BY_NAME.fetch(tx, query, limit=limit, cursor=cursor)
    return [_node(row) for row in page.rows], page.next_cursor


async def get_node(tx: AsyncConnection, node: str) -> Node | None:
    """Return a node by its id, or by its name if only one cloud has that."""
    by_id = (await tx.execute(_with_cluster().where(nodes.c.id == node))).one_or_none()
    if by_id:
        return _node(by_id)
    named = (await tx.execute(_with_cluster().where(nodes.c.name == node).limit(2))).all()
    return _node(named[0]) if len(named) == 1 else None


async def nodes_of_servers(tx: AsyncConnection, cloud_id: str, server_ids: list[str]) -> dict[str, Node]:
    """Return the node of each server that is on one."""
    query = _with_cluster().where(nodes.c.cloud_id == cloud_id, nodes.c.instance_id.in_(server_ids))
    return {row.instance_id: _node(row) for row in await tx.execute(query)}


async def counts(tx: AsyncConnection) -> list[Row[Any]]:
    """Return per cloud and resource class how many nodes there are (``total``) and how many are ``free``."""
    free = (nodes.c.state == "available") & ~nodes.c.maintenance & nodes.c.instance_id.is_(None)
    query = select(
        nodes.c.cloud_id,
        nodes.c.resource_class,
        func.count().label("total"),
        func.count().filter(free).label("free"),
    ).group_by(nodes.c.cloud_id, nodes.c.resource_class)
    return list(await tx.execute(query.order_by(nodes.c.cloud_id, nodes.c.resource_class)))


def _with_cluster() -> Select[Any]:
    return select(nodes, allocations.c.cluster_id).outerjoin(
        allocations, allocations.c.server_id == nodes.c.instance_id
    )


def _node(row: Row[Any]) -> Node:
    fields = {field: getattr(row, field) for field in Node.__struct_fields__}
    return Node(**fields)


async def _tell(tx: AsyncConnection, node_id: str, node: Node) -> None:
    data = {name: getattr(node, name) for name in ("name", "cloud_id", *_TOLD)}
    await outbox.add(tx, new_event("node.changed", source="node", subject=node_id, data=data))
