"""What an operation's changes mean for its cluster, and who is told of them; in the same transaction."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis import outbox
from services.chassis.auth.mandates import Mandates
from services.chassis.bus import new_event
from services.chassis.errors import Problem
from services.chassis.log import get_logger
from services.chassis.saga import Change, Operation, Reason, Suspended
from services.chassis.saga.model import BeforeForward
from services.cluster.sagas.build import BUILD
from services.cluster.sagas.deps import mandate_token
from services.cluster.storage.clusters import change_cluster
from services.cluster.storage.hosts import change_hosts

log = get_logger("cluster.follow")


async def follow(tx: AsyncConnection, operation: Operation, change: Change) -> None:
    """Tell of one change, and bring the cluster's row in line when it is the operation itself that changed."""
    await outbox.add(
        tx,
        new_event(
            "cluster.operation.changed",
            source="cluster",
            subject=operation.id,
            project_id=operation.project_id,
            data=_data(operation, change),
        ),
    )
    values = _cluster_values(operation, change) if change.step is None else {}
    if values:
        await change_cluster(tx, operation.subject, **values)
    if values.get("state") == "deleted":
        await change_hosts(tx, operation.subject, state="removed")


def may_go_on(authz: Mandates) -> BeforeForward:
    """Return what the worker asks before each forward step: whether the mandate's subject may still do this.

    While authz is away, work under a mandate goes on.
    """

    async def ask(operation: Operation) -> None:
        try:
            standing = await authz.check(mandate_token(operation).token)
        except Problem as problem:
            if problem.status < 500:
                raise
            log.warning("mandate.unchecked", operation_id=operation.id, reason=str(problem))
            return
        if not standing.valid:
            sentence = f"It may not go on: {standing.reason or 'the permission was taken away.'}"
            raise Suspended(Reason("not-permitted-any-more", sentence))

    return ask


def _cluster_values(operation: Operation, change: Change) -> dict[str, Any]:
    sentence = operation.reason.sentence if operation.reason else None
    match change.state:
        case "parked":
            return {"reason": sentence}
        case "running":
            return {"reason": None}
        case "cancelling" | "undoing":
            return {"state": "deleting", "reason": None} if operation.saga == BUILD.name else {}
        case "succeeded":
            return {"operation_id": None}
        case "failed" | "undone" if operation.saga == BUILD.name:
            return {"state": "deleted", "operation_id": None, "reason": sentence}
    return {}


def _data(operation: Operation, change: Change) -> dict[str, Any]:
    told = {
        "cluster_id": operation.subject,
        "kind": operation.saga,
        "operation_state": operation.state,
        "state": change.state,
        "phase": change.phase,
        "step": change.step,
        "unit": change.unit,
        "note": change.note,
        "reason": change.reason.sentence if change.reason else None,
    }
    return {key: value for key, value in told.items() if value is not None}
