"""Begin what happens to clusters: build, delete, and what is asked of operations. Decides; storage and saga do."""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.auth.caller import Caller
from services.chassis.ids import new_id
from services.cluster.exceptions import ClusterLocked, DoesNotFit, OperationUnderWay
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

    Raises DoesNotFit or NameTaken; then nothing is left behind.
    """
    if not plan.fit.fits:
        raise DoesNotFit(" ".join(plan.fit.shortages))
    cluster_id, operation_id = new_id("clu"), new_id("op")
    mandate = await factory.deps.authz.mandate(BUILD.name, operation_id, plan.project_id, caller)
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
            context={"mandate": mandate, "by": caller.subject},
        )
    return Accepted(operation_id=operation_id, cluster_id=cluster_id)


async def begin_delete(factory: Factory, caller: Caller, cluster: Cluster) -> Accepted:
    """Start to delete a cluster. A build under way is cancelled and undone instead, which comes to the same.

    Raises ClusterLocked, and OperationUnderWay for one that can't be interrupted.
    """
    if cluster.locked:
        raise ClusterLocked(f"The cluster {cluster.name} is locked.")
    operation_id = new_id("op")
    mandate = await factory.deps.authz.mandate(DELETE.name, operation_id, cluster.project_id, caller)
    async with factory.db.project(cluster.project_id) as tx:
        current = await get_cluster(tx, cluster.id, for_update=True)
        if current and current.operation_id:
            return await _take_back(factory, tx, current, current.operation_id)
        await start_delete(factory, tx, cluster, operation_id, {"mandate": mandate, "by": caller.subject})
    return Accepted(operation_id=operation_id, cluster_id=cluster.id)


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


async def _take_back(factory: Factory, tx: AsyncConnection, cluster: Cluster, operation_id: str) -> Accepted:
    operation = await factory.operations.get(tx, operation_id)
    if operation is None or operation.saga != BUILD.name:
        raise OperationUnderWay(f"The operation {operation_id} works on the cluster {cluster.name}.")
    if operation.state == "parked":
        await factory.operations.request_undo(tx, operation_id)
    elif operation.state in ("queued", "running"):
        await factory.operations.request_cancel(tx, operation_id)
    return Accepted(operation_id=operation_id, cluster_id=cluster.id)
