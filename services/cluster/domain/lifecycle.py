"""Begin what happens to clusters: build, delete, a changed setting. Decides; storage and saga do.

Whoever needs both rows locks the operation before its cluster, as the saga's worker does.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.auth.caller import Caller
from services.chassis.errors import FieldProblem, NotFound, PreconditionFailed
from services.chassis.ids import new_id
from services.cluster.domain.control import context_of_build, take_back
from services.cluster.exceptions import ClusterGoing, ClusterLocked, DoesNotFit, EndInThePast
from services.cluster.factory import Factory
from services.cluster.sagas.build import BUILD
from services.cluster.sagas.delete import DELETE
from services.cluster.storage.clusters import add_cluster, change_cluster, get_cluster
from services.cluster.storage.hosts import add_hosts, change_hosts
from services.cluster.storage.plans import add_plan
from services.contracts.cluster import Accepted, Cluster, Plan


async def begin_build(
    factory: Factory, caller: Caller, plan: Plan, *, kept: bool, expires_at: datetime | None, locked: bool
) -> Accepted:
    """Start the build of a plan; ``kept`` tells whether the plan is in the database already.

    Raises EndInThePast, DoesNotFit or NameTaken; then nothing is left behind.
    """
    require_future(expires_at)
    if not plan.fit.fits:
        raise DoesNotFit(" ".join(plan.fit.shortages))
    cluster_id, operation_id = new_id("clu"), new_id("op")
    context = await context_of_build(factory, caller, operation_id, plan.project_id)
    async with factory.db.project(plan.project_id) as tx:
        if not kept:
            await add_plan(tx, plan)
        await add_cluster(tx, cluster_id, plan, operation_id, expires_at, locked)
        await add_hosts(tx, cluster_id, plan)
        await factory.operations.create(
            tx,
            BUILD,
            operation_id=operation_id,
            project_id=plan.project_id,
            subject=cluster_id,
            params={"plan_id": plan.id},
            context=context,
        )
    return Accepted(operation_id=operation_id, cluster_id=cluster_id)


async def begin_delete(factory: Factory, caller: Caller, cluster: Cluster) -> Accepted:
    """Start to delete a cluster. A build under way is cancelled and undone instead, which comes to the same.

    Asked again, it goes on with the deletion that is under way. Raises ClusterLocked, NotFound.
    """
    _require_unlocked(cluster)
    if cluster.operation_id:
        return await take_back(factory, caller, cluster, cluster.operation_id)
    operation_id = new_id("op")
    mandate = await factory.deps.authz.mandate(DELETE.name, operation_id, cluster.project_id, caller)
    async with factory.db.project(cluster.project_id) as tx:
        current = await get_cluster(tx, cluster.id, for_update=True)
        if current is None or current.state == "deleted":
            raise NotFound(cluster_id=cluster.id)
        _require_unlocked(current)
        if current.operation_id is None:
            await start_delete(factory, tx, current, operation_id, {"mandate": mandate, "by": caller.subject})
            return Accepted(operation_id=operation_id, cluster_id=cluster.id)
    return await take_back(factory, caller, current, current.operation_id)


async def start_delete(
    factory: Factory, tx: AsyncConnection, cluster: Cluster, operation_id: str, context: dict[str, Any]
) -> None:
    """Create the operation that deletes a cluster, in the caller's transaction."""
    await factory.operations.create(
        tx,
        DELETE,
        operation_id=operation_id,
        project_id=cluster.project_id,
        subject=cluster.id,
        params={"plan_id": cluster.plan_id},
        context=context,
    )
    await change_hosts(tx, cluster.id, state="removing")
    await change_cluster(tx, cluster.id, state="deleting", operation_id=operation_id, reason=None)


async def change_settings(factory: Factory, cluster: Cluster, if_match: str | None, values: dict[str, Any]) -> Cluster:
    """Change a cluster's lock or end. Raises PreconditionFailed, EndInThePast, ClusterGoing, NotFound."""
    require_future(values.get("expires_at"))
    async with factory.db.project(cluster.project_id) as tx:
        current = await get_cluster(tx, cluster.id, for_update=True)
        if current is None or current.state == "deleted":
            raise NotFound(cluster_id=cluster.id)
        if if_match and if_match != version_of(current):
            raise PreconditionFailed("The cluster was changed by somebody else.")
        if current.state == "deleting":
            raise ClusterGoing(f"The cluster {current.name} is being taken back; a lock or an end no longer matters.")
        if values:
            await change_cluster(tx, cluster.id, **values)
        return await get_cluster(tx, cluster.id) or current


def version_of(cluster: Cluster) -> str:
    """Return what identifies this version of a cluster's settings and state."""
    return f"{cluster.changed_at.timestamp():.6f}"


def require_future(expires_at: datetime | None) -> None:
    """Raise EndInThePast for an end that has passed."""
    if expires_at is not None and expires_at <= datetime.now(UTC):
        problem = FieldProblem("/expires_at", "It has passed already.", "Give a time to come, or none.")
        raise EndInThePast("The end of the cluster is in the past.", errors=(problem,))


def _require_unlocked(cluster: Cluster) -> None:
    if cluster.locked:
        raise ClusterLocked(f"The cluster {cluster.name} is locked.")
