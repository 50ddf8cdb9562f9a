"""Hosts of clusters and the machine groups that they come from."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.ids import new_id
from services.cluster.planning.batches import batches_of
from services.cluster.schema import clusters, hosts, machine_groups
from services.contracts.cluster import Host, Plan


async def add_hosts(tx: AsyncConnection, cluster_id: str, plan: Plan) -> None:
    """Add the planned hosts of a cluster, in the order of the plan."""
    rows = [
        {
            "id": new_id("hst"),
            "project_id": plan.project_id,
            "cluster_id": cluster_id,
            "cloud_id": plan.cloud_id,
            "name": name,
            "role": role,
            "batch": batch.key,
            "state": "planned",
            "host_keys": [],
        }
        for batch in batches_of(plan)
        for role, names in batch.hosts.items()
        for name in names
    ]
    placed = [{**row, "position": position} for position, row in enumerate(rows)]
    await tx.execute(insert(hosts).values(placed))


async def hosts_of(tx: AsyncConnection, cluster_id: str) -> list[Host]:
    """Return a cluster's hosts in the order of its plan."""
    query = select(hosts).where(hosts.c.cluster_id == cluster_id).order_by(hosts.c.position)
    return [_host(row) for row in await tx.execute(query)]


async def host_keys_of(tx: AsyncConnection, cluster_id: str) -> dict[str, list[str]]:
    """Return the pinned host keys (OpenSSH lines) by host name."""
    query = select(hosts.c.name, hosts.c.host_keys).where(hosts.c.cluster_id == cluster_id)
    return {row.name: row.host_keys for row in await tx.execute(query)}


async def change_host(tx: AsyncConnection, cluster_id: str, name: str, **values: Any) -> None:
    """Change columns of one host."""
    await tx.execute(update(hosts).where(hosts.c.cluster_id == cluster_id, hosts.c.name == name).values(values))


async def change_each_host(tx: AsyncConnection, cluster_id: str, values: Mapping[str, Mapping[str, Any]]) -> None:
    """Change columns of several hosts, the same of each: their values by host name. One way to the database for all."""
    if not values:
        return
    columns = list(next(iter(values.values())))
    query = (
        update(hosts)
        .where(hosts.c.cluster_id == bindparam("of_cluster"), hosts.c.name == bindparam("of_host"))
        .values({column: bindparam(f"new_{column}") for column in columns})
    )
    rows = [
        {"of_cluster": cluster_id, "of_host": name, **{f"new_{column}": row[column] for column in columns}}
        for name, row in sorted(values.items())
    ]
    await tx.execute(query, rows)


async def change_hosts(tx: AsyncConnection, cluster_id: str, **values: Any) -> None:
    """Change columns of all hosts of a cluster."""
    await tx.execute(update(hosts).where(hosts.c.cluster_id == cluster_id).values(values))


async def change_batch(tx: AsyncConnection, cluster_id: str, batch: str, **values: Any) -> None:
    """Change columns of all hosts of one batch."""
    await tx.execute(update(hosts).where(hosts.c.cluster_id == cluster_id, hosts.c.batch == batch).values(values))


async def batch_of(tx: AsyncConnection, cluster_id: str, batch: str) -> list[Host]:
    """Return the hosts of one batch."""
    query = select(hosts).where(hosts.c.cluster_id == cluster_id, hosts.c.batch == batch).order_by(hosts.c.position)
    return [_host(row) for row in await tx.execute(query)]


async def record_group(tx: AsyncConnection, cluster_id: str, key: str, **values: Any) -> None:
    """Keep what is known of a machine group: its reference at the back end, its outputs."""
    row = {"cluster_id": cluster_id, "key": key, "outputs": {}, "failure_told": False, **values}
    query = insert(machine_groups).values(row)
    await tx.execute(query.on_conflict_do_update(index_elements=["cluster_id", "key"], set_=values))


async def group_of(tx: AsyncConnection, cluster_id: str, key: str) -> Row[Any] | None:
    """Return one machine group's row (backend_ref, outputs)."""
    query = select(machine_groups).where(machine_groups.c.cluster_id == cluster_id, machine_groups.c.key == key)
    return (await tx.execute(query)).one_or_none()


async def groups_of(tx: AsyncConnection, cluster_id: str) -> list[Row[Any]]:
    """Return all machine groups of a cluster."""
    query = select(machine_groups).where(machine_groups.c.cluster_id == cluster_id)
    return list(await tx.execute(query))


async def known_groups(tx: AsyncConnection, project_id: str) -> tuple[set[str], set[str]]:
    """Return the recorded references of a project's groups, and its clusters that have an operation under way."""
    recorded = await tx.execute(
        select(machine_groups.c.backend_ref).where(
            machine_groups.c.project_id == project_id, machine_groups.c.backend_ref.is_not(None)
        )
    )
    busy = await tx.execute(
        select(clusters.c.id).where(clusters.c.project_id == project_id, clusters.c.operation_id.is_not(None))
    )
    return set(recorded.scalars()), set(busy.scalars())


async def forget_group(tx: AsyncConnection, cluster_id: str, key: str) -> None:
    """Forget a machine group that is gone."""
    query = delete(machine_groups).where(machine_groups.c.cluster_id == cluster_id, machine_groups.c.key == key)
    await tx.execute(query)


def _host(row: Row[Any]) -> Host:
    return Host(
        id=row.id,
        name=row.name,
        role=row.role,
        state=row.state,
        address=row.address,
        server_id=row.server_id,
        node_name=row.node_name,
        reason=row.reason,
    )
