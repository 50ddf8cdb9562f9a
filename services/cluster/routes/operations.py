"""Operations: what is under way, how far it is, and what may be asked of it."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from services.chassis.errors import NotFound
from services.chassis.routing import Call, Exposure, Page, Paging, RouteTable
from services.chassis.saga import Operation as SagaOperation
from services.cluster.domain.control import control
from services.cluster.domain.estimate import seconds_left
from services.cluster.domain.views import operation_view
from services.cluster.factory import Factory
from services.cluster.sagas.deps import mandate_token
from services.cluster.storage.access import within
from services.cluster.storage.hosts import hosts_of
from services.cluster.storage.plans import get_plan
from services.cluster.storage.runs import cells_of, runs_of
from services.contracts.cluster import Matrix, Operation
from services.contracts.runs import RunLog

routes = RouteTable("operations")


class ListOperations(Paging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Narrow the list to a project, a cluster or a state."""

    project: str | None = None
    cluster: str | None = None
    state: str | None = None


class LogPlace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which run's log (the newest if none is named), and from which byte on."""

    run: str | None = None
    offset: int = 0


@routes.get("/v1/operations", Exposure.PUBLIC, "operation.read", "List operations")
async def list_operations(call: Call[Factory, None, ListOperations]) -> Page[Operation]:
    query, store, runbooks = call.query, call.context.operations, call.context.settings.runbooks
    scope = call.caller.scope()
    scope = scope.narrowed(query.project) if query.project else scope
    async with within(call.context.db, scope, "list operations") as tx:
        states = (query.state,) if query.state else ()
        page = await store.page(tx, limit=query.limit, cursor=query.cursor, subject=query.cluster, states=states)
        items = [operation_view(row, [], store.allowed(row), runbooks=runbooks) for row in page.operations]
    return Page(items, page.next_cursor)


@routes.get("/v1/operations/{operation_id}", Exposure.PUBLIC, "operation.read", "Show an operation")
async def show_operation(call: Call[Factory, None, None]) -> Operation:
    return await _shown(call, (await _visible(call)).id)


@routes.get("/v1/operations/{operation_id}/matrix", Exposure.PUBLIC, "operation.read", "Show hosts and elements")
async def show_matrix(call: Call[Factory, None, None]) -> Matrix:
    """Show every element on every host, and the checks: the newest state of each, over all runs of the operation."""
    operation = await _visible(call)
    async with call.context.db.project(operation.project_id) as tx:
        plan = await get_plan(tx, operation.params["plan_id"])
        hosts = await hosts_of(tx, operation.subject)
        applied = cells_of(await runs_of(tx, operation.id, "apply"))
        verified = cells_of(await runs_of(tx, operation.id, "verify"))
    elements = [element.name for element in plan.elements] if plan else []
    checks = [check.name for check in plan.checks] if plan else []
    return Matrix(
        operation_id=operation.id,
        hosts=[host.name for host in hosts],
        elements=[*elements, *checks],
        cells=[*applied, *(cell for cell in verified if cell.element in checks)],
    )


@routes.get("/v1/operations/{operation_id}/log", Exposure.PUBLIC, "operation.read", "Read the log of a run")
async def read_operation_log(call: Call[Factory, None, LogPlace]) -> RunLog:
    operation = await _visible(call)
    async with call.context.db.project(operation.project_id) as tx:
        rows = [row for row in await runs_of(tx, operation.id) if call.query.run in (None, row.id)]
    if not rows:
        return RunLog("", 0, complete=False)
    return await call.context.deps.runner.log(rows[-1].id, call.query.offset, mandate_token(operation))


@routes.post(
    "/v1/operations/{operation_id}/resume", Exposure.PUBLIC, "operation.control", "Resume an operation", status=202
)
async def resume_operation(call: Call[Factory, None, None]) -> Operation:
    """Go on with a parked operation, only with what is not done."""
    return await _ask(call, "resume")


@routes.post(
    "/v1/operations/{operation_id}/cancel", Exposure.PUBLIC, "operation.control", "Cancel an operation", status=202
)
async def cancel_operation(call: Call[Factory, None, None]) -> Operation:
    """Stop an operation and take back what it made."""
    return await _ask(call, "request_cancel")


@routes.post(
    "/v1/operations/{operation_id}/undo", Exposure.PUBLIC, "operation.control", "Undo an operation", status=202
)
async def undo_operation(call: Call[Factory, None, None]) -> Operation:
    """Take back what a parked operation made."""
    return await _ask(call, "request_undo")


async def _ask(call: Call[Factory, Any, Any], verb: str) -> Operation:
    operation = await _visible(call)
    call.caller.require(operation.project_id)
    await control(call.context, call.caller, operation, verb)
    return await _shown(call, operation.id)


async def _visible(call: Call[Factory, Any, Any]) -> SagaOperation:
    async with within(call.context.db, call.caller.scope("operation.read"), "show an operation") as tx:
        operation = await call.context.operations.get(tx, call.path["operation_id"])
    if operation is None:
        raise NotFound()
    return operation


async def _shown(call: Call[Factory, Any, Any], operation_id: str) -> Operation:
    async with within(call.context.db, call.caller.scope("operation.read"), "show an operation") as tx:
        operation = await call.context.operations.get(tx, operation_id)
        steps = await call.context.operations.steps(tx, operation_id)
    if operation is None:
        raise NotFound()
    usual = await call.context.durations.usual_seconds(operation.saga, operation.subject)
    left = seconds_left(operation, steps, usual, datetime.now(UTC))
    allowed = call.context.operations.allowed(operation)
    return operation_view(operation, steps, allowed, left, runbooks=call.context.settings.runbooks)
