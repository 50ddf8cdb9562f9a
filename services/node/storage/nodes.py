"""The copy of Ironic's nodes."""

from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, Select, bindparam, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis import outbox
from services.chassis.bus import Event, new_event
from services.chassis.db import Database, Keyset, Read
from services.chassis.ids import new_id
from services.contracts.node import Node
from services.node.schema import allocations, nodes

_BY_NAME = Keyset((nodes.c.name, "asc"), (nodes.c.id, "asc"))
_TOLD = ("state", "power", "maintenance", "last_error", "instance_id")
_COPIED = ("name", "resource_class", "maintenance_reason", "properties", "traits", *_TOLD)


async def replace_nodes(tx: AsyncConnection, cloud_id: str, seen: list[Node], looked_at: datetime) -> None:
    """Bring the copy of one cloud in line with what was seen, and tell of each node that changed or went.

    ``looked_at`` is when the look began, by the database's clock: what a later look has written meanwhile stays.
    """
    await tx.execute(text("select pg_advisory_xact_lock(hashtext('nodes of ' || :cloud))"), {"cloud": cloud_id})
    known = {row.cloud_node_id: row for row in await tx.execute(select(nodes).where(nodes.c.cloud_id == cloud_id))}
    if any(row.seen_at > looked_at for row in known.values()):
        return
    changed = [node for node in seen if _differs(known.get(node.cloud_node_id), node)]
    await _write(tx, changed, known)
    await tx.execute(update(nodes).where(nodes.c.cloud_id == cloud_id).values(seen_at=looked_at))
    here = {node.cloud_node_id for node in seen}
    await _forget(tx, [row for row in known.values() if row.cloud_node_id not in here])


async def _write(tx: AsyncConnection, changed: list[Node], known: dict[str, Row[Any]]) -> None:
    rows = [
        {name: getattr(node, name) for name in (*_COPIED, "cloud_id", "cloud_node_id", "seen_at")} for node in changed
    ]
    for row in rows:
        row["id"] = known[row["cloud_node_id"]].id if row["cloud_node_id"] in known else new_id("nod")
    if rows:
        query = insert(nodes)
        renewed = {name: query.excluded[name] for name in _COPIED}
        await tx.execute(query.on_conflict_do_update(index_elements=["cloud_id", "cloud_node_id"], set_=renewed), rows)
    told = [row for row in rows if _is_told(known.get(row["cloud_node_id"]), row)]
    data = [{name: row[name] for name in ("name", "cloud_id", *_TOLD)} for row in told]
    await outbox.add(tx, *map(_changed, [row["id"] for row in told], data))


def _is_told(before: Row[Any] | None, row: dict[str, Any]) -> bool:
    return before is None or any(getattr(before, name) != row[name] for name in _TOLD)


async def _forget(tx: AsyncConnection, gone: list[Row[Any]]) -> None:
    if gone:
        await tx.execute(delete(nodes).where(nodes.c.id.in_([row.id for row in gone])))
    data = [{"name": row.name, "cloud_id": row.cloud_id, "state": "gone"} for row in gone]
    await outbox.add(tx, *map(_changed, [row.id for row in gone], data))


def _differs(row: Row[Any] | None, node: Node) -> bool:
    return row is None or any(getattr(row, name) != getattr(node, name) for name in _COPIED)


async def seen_at(tx: AsyncConnection) -> datetime | None:
    """Return when the cloud that was not seen for the longest time was seen last."""
    found: datetime | None = (await tx.execute(select(func.min(nodes.c.seen_at)))).scalar_one()
    return found


async def page_of_nodes(
    db: Database, *, limit: int, cursor: str | None, filters: dict[str, Any]
) -> tuple[list[Node], str | None]:
    """Return a page of nodes by name; ``filters`` are columns and the values they must have. Raises BadCursor."""
    read = _page(frozenset(filters), cursor is not None)
    page = _BY_NAME.page(await db.read_all(read, filters | _BY_NAME.values(limit, cursor)), limit)
    return [_node_of(row) for row in page.rows], page.next_cursor


@lru_cache(maxsize=64)
def _page(filters: frozenset[str], beyond: bool) -> Read:
    columns = [nodes.c[name] for name in sorted(filters)]
    query = _with_cluster().where(*(column == bindparam(column.key, type_=column.type) for column in columns))
    return Read(_BY_NAME.select(query, beyond=beyond))


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


async def nodes_by_id(tx: AsyncConnection, node_ids: list[str]) -> dict[str, Node]:
    """Return the nodes of these ids that are still there."""
    query = _with_cluster().where(nodes.c.id.in_(node_ids))
    return {row.id: _node(row) for row in await tx.execute(query)}


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
    return _node_of(row._mapping)


def _node_of(columns: Any) -> Node:
    return Node(**{field: columns[field] for field in Node.__struct_fields__})


def _changed(node_id: str, data: dict[str, Any]) -> Event:
    return new_event("node.changed", source="node", subject=node_id, data=data)
