"""What is asked of operations: resume, cancel, undo, and the taking back of a cluster that is worked on."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.auth.caller import Caller
from services.chassis.errors import Problem
from services.chassis.log import get_logger
from services.chassis.saga import Operation
from services.cluster.exceptions import ClusterLocked, OperationUnderWay
from services.cluster.factory import Factory
from services.cluster.sagas.build import BUILD
from services.cluster.sagas.delete import DELETE
from services.cluster.storage.clusters import get_cluster
from services.contracts.cluster import Accepted, Cluster

log = get_logger("cluster.control")
_FORBIDDEN = 403
_RUNS = "runner.run"


async def control(factory: Factory, caller: Caller, operation: Operation, verb: str) -> None:
    """Ask ``resume``, ``request_cancel`` or ``request_undo`` of an operation; raises WrongState, ClusterLocked.

    A parked one goes on under the mandate of who asks: the first may be suspended by now, or the mandate's time up.
    """
    context = await _context_of(factory, caller, operation, operation.saga)
    async with factory.db.project(operation.project_id) as tx:
        if operation.saga == BUILD.name and verb != "resume":
            await _require_unlocked(tx, operation.subject)
        await factory.operations.hand_over(tx, operation.id, context)
        await getattr(factory.operations, verb)(tx, operation.id)


async def take_back(factory: Factory, caller: Caller, cluster: Cluster, operation_id: str) -> Accepted:
    """Have the operation under way end in the cluster's deletion; raises OperationUnderWay where it can't."""
    async with factory.db.project(cluster.project_id) as tx:
        operation = await factory.operations.get(tx, operation_id)
    verb = _way_back(operation) if operation else None
    if operation is None or operation.ended or (operation.saga not in (BUILD.name, DELETE.name)):
        raise OperationUnderWay(f"The operation {operation_id} works on the cluster {cluster.name}.")
    if verb:
        context = await _context_of(factory, caller, operation, DELETE.name)
        async with factory.db.project(cluster.project_id) as tx:
            await factory.operations.hand_over(tx, operation_id, context)
            await getattr(factory.operations, verb)(tx, operation_id)
    return Accepted(operation_id=operation_id, cluster_id=cluster.id)


def _way_back(operation: Operation) -> str | None:
    """Return what to ask of an operation so that its cluster goes; None if it is on the way."""
    if operation.state == "parked":
        return "request_undo" if operation.saga == BUILD.name and operation.phase == "forward" else "resume"
    return "request_cancel" if operation.saga == BUILD.name and operation.state in ("queued", "running") else None


async def _context_of(factory: Factory, caller: Caller, operation: Operation, kind: str) -> dict[str, Any]:
    """Return the context under which a parked operation goes on: the caller's if they may have it, else its own."""
    if operation.state != "parked":
        return operation.context
    try:
        if kind == BUILD.name:
            return operation.context | await context_of_build(factory, caller, operation.id, operation.project_id)
        mandate = await factory.deps.authz.mandate(kind, operation.id, operation.project_id, caller)
    except Problem as problem:
        if problem.status != _FORBIDDEN:
            raise
        return operation.context
    return {**operation.context, "mandate": mandate, "by": caller.subject}


async def context_of_build(factory: Factory, caller: Caller, operation_id: str, project_id: str) -> dict[str, Any]:
    """Return what a build works under: a mandate, and one for its runs, so that it goes on while authz is away."""
    authz = factory.deps.authz
    mandate = await authz.mandate(BUILD.name, operation_id, project_id, caller)
    try:
        for_runs = await authz.hand_on("runner", _RUNS, operation_id, project_id, mandate)
    except Problem as problem:
        log.warning("mandate.runs_without", operation_id=operation_id, reason=str(problem))
        for_runs = None
    return {"mandate": mandate, "run_mandate": for_runs, "by": caller.subject}


async def _require_unlocked(tx: AsyncConnection, cluster_id: str) -> None:
    cluster = await get_cluster(tx, cluster_id)
    if cluster and cluster.locked:
        raise ClusterLocked(f"The cluster {cluster.name} is locked, and this would take it back.")
