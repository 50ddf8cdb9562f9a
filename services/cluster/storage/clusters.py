"""Clusters."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Text, bindparam, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis import outbox
from services.chassis.auth.caller import Scope
from services.chassis.bus import new_event
from services.chassis.db import Database, Keyset, Read
from services.chassis.saga.tables import INTENT, OPERATION
from services.cluster.exceptions import NameTaken
from services.cluster.schema import clusters
from services.cluster.storage.access import read_within
from services.cluster.storage.hosts import hosts_of
from services.contracts.cluster import Cluster, Plan

GROUP_INTENT = "machine_group.create"
_NEWEST = Keyset((clusters.c.created_at, "desc"), (clusters.c.id, "desc"))
_SHOWN = tuple(name for name in Cluster.__struct_fields__ if name != "hosts")


async def add_cluster(
    tx: AsyncConnection,
    cluster_id: str,
    plan: Plan,
    operation_id: str,
    expires_at: datetime | None,
    locked: bool,
) -> None:
    """Add a cluster that is about to be built; raises NameTaken if the project has one of that name."""
    now = datetime.now(UTC)
    row = {
        "id": cluster_id,
        "project_id": plan.project_id,
        "cloud_id": plan.cloud_id,
        "name": plan.cluster_name,
        "plan_id": plan.id,
        "blueprint": plan.blueprint,
        "blueprint_version": plan.blueprint_version,
        "state": "building",
        "operation_id": operation_id,
        "locked": locked,
        "expires_at": expires_at,
        "outputs": {},
        "created_at": now,
        "changed_at": now,
    }
    try:
        await tx.execute(insert(clusters).values(row))
    except IntegrityError as error:
        raise NameTaken(f"The project has a cluster named {plan.cluster_name}.") from error
    await _tell(tx, cluster_id, plan.project_id, {"state": "building", "operation_id": operation_id})


async def get_cluster(tx: AsyncConnection, cluster_id: str, *, for_update: bool = False) -> Cluster | None:
    """Return a cluster with its hosts, by id; None if it is not there or not in the transaction's projects."""
    query = select(clusters).where(clusters.c.id == cluster_id)
    row = (await tx.execute(query.with_for_update() if for_update else query)).one_or_none()
    return _cluster(row._mapping, await hosts_of(tx, cluster_id)) if row else None


async def page_of_clusters(
    db: Database, scope: Scope, *, limit: int, cursor: str | None, name: str | None = None, state: str | None = None
) -> tuple[list[Cluster], str | None]:
    """Return a page of the scope, newest first; deleted ones only where ``state`` asks for them. Raises BadCursor."""
    wanted = _wanted(scope, name, state)
    read = _page(frozenset(wanted), cursor is not None)
    rows = await read_within(db, scope, read, wanted | _NEWEST.values(limit, cursor))
    page = _NEWEST.page(rows, limit)
    return [_cluster(row, []) for row in page.rows], page.next_cursor


def _wanted(scope: Scope, name: str | None, state: str | None) -> dict[str, Any]:
    """Return what rows must have, by the names of :func:`_page`: of one project they are found in order by an index."""
    wanted: dict[str, Any] = {"name": name, "state": state}
    if not scope.everywhere:
        one = len(scope.projects) == 1
        wanted |= {"project": scope.projects[0]} if one else {"projects": list(scope.projects)}
    return {key: value for key, value in wanted.items() if value}


@lru_cache(maxsize=64)
def _page(wanted: frozenset[str], beyond: bool) -> Read:
    conditions = {
        "name": clusters.c.name == bindparam("name"),
        "state": clusters.c.state == bindparam("state"),
        "project": clusters.c.project_id == bindparam("project"),
        "projects": clusters.c.project_id == func.any(bindparam("projects", type_=ARRAY(Text))),
    }
    query = select(clusters).where(*(conditions[name] for name in sorted(wanted)))
    if "state" not in wanted:
        query = query.where(clusters.c.state != "deleted")
    return Read(_NEWEST.select(query, beyond=beyond))


async def change_cluster(tx: AsyncConnection, cluster_id: str, **values: Any) -> None:
    """Change columns of a cluster and tell of it; what is not there stays untold."""
    changed = {**values, "changed_at": datetime.now(UTC)}
    query = update(clusters).where(clusters.c.id == cluster_id).values(changed).returning(clusters)
    row = (await tx.execute(query)).one_or_none()
    if row is not None:
        told = {"state": row.state, "operation_id": row.operation_id, "reason": row.reason, "locked": row.locked}
        await _tell(tx, cluster_id, row.project_id, {**told, "name": row.name})


async def expiring(tx: AsyncConnection, before: datetime) -> list[Cluster]:
    """Return clusters that end before a time and are neither locked nor on their way out."""
    query = select(clusters).where(
        clusters.c.expires_at < before,
        clusters.c.state.in_(("building", "ready", "degraded")),
        clusters.c.locked.is_(False),
    )
    return [_cluster(row._mapping, []) for row in await tx.execute(query)]


async def settled(tx: AsyncConnection) -> list[Cluster]:
    """Return clusters that stand and have nothing under way: those whose drift can be told."""
    query = select(clusters).where(clusters.c.state.in_(("ready", "degraded")), clusters.c.operation_id.is_(None))
    return [_cluster(row._mapping, await hosts_of(tx, row.id)) for row in (await tx.execute(query)).all()]


async def mark_notice(tx: AsyncConnection, cluster_id: str, expires_at: datetime | None) -> bool:
    """Remember that the end at ``expires_at`` was told; False if it was told before."""
    untold = or_(clusters.c.notice_for.is_(None), clusters.c.notice_for != expires_at)
    query = update(clusters).where(clusters.c.id == cluster_id, untold).values(notice_for=expires_at)
    return (await tx.execute(query.returning(clusters.c.id))).one_or_none() is not None


async def places_with_groups(tx: AsyncConnection) -> list[tuple[str, str]]:
    """Return every project and cloud where a machine group was ever asked for; elsewhere there can be none."""
    asked = select(OPERATION.c.subject).join(INTENT, INTENT.c.operation_id == OPERATION.c.id)
    asked = asked.where(INTENT.c.kind == GROUP_INTENT)
    query = select(clusters.c.project_id, clusters.c.cloud_id).where(clusters.c.id.in_(asked)).distinct()
    return [(row.project_id, row.cloud_id) for row in await tx.execute(query)]


def _cluster(columns: Any, hosts: list[Any]) -> Cluster:
    return Cluster(hosts=hosts, **{name: columns[name] for name in _SHOWN})


async def _tell(tx: AsyncConnection, cluster_id: str, project_id: str, data: dict[str, Any]) -> None:
    event = new_event("cluster.changed", source="cluster", subject=cluster_id, project_id=project_id, data=data)
    await outbox.add(tx, event)
