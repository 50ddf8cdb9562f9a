"""Runs: start, watch, read, cancel."""

from typing import Annotated

import msgspec

from services.chassis.auth.caller import Caller
from services.chassis.errors import Conflict, Forbidden, NotFound
from services.chassis.routing import Call, Exposure, Reply, RouteTable
from services.contracts.runs import Run, RunEventList, RunLog, StartRun
from services.runner.domain.carrier import cells_of
from services.runner.domain.check import check
from services.runner.domain.mandate import mandate_for
from services.runner.factory import Factory
from services.runner.routes.access import transaction
from services.runner.states import ENDED
from services.runner.storage import records, runs

routes = RouteTable("runs")


class EventQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Events with a number above ``after``."""

    after: Annotated[int, msgspec.Meta(ge=0)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 500


class LogQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The log from ``offset`` on, in characters."""

    offset: Annotated[int, msgspec.Meta(ge=0)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 200_000


@routes.post("/internal/runs", Exposure.INTERNAL, "run.control", "Start a run", status=202, body_bytes=16_000_000)
async def start_run(call: Call[Factory, StartRun, None]) -> Reply[Run]:
    """Queue a run. The same id again answers the run that is there, if it was asked for on the same project."""
    request, context = call.body, call.context
    call.caller.require(request.project_id)
    _check_operation(call.caller, request)
    check(request)
    mandate = await mandate_for(context, call.caller, request)
    request = msgspec.structs.replace(request, mandate=None)
    async with context.db.project(request.project_id) as tx:
        await runs.create(tx, request, mandate, cells_of(request))
        run = await runs.get(tx, request.run_id)
    if run is None:
        raise Conflict(f"The id {request.run_id} is taken.")
    context.carrier.nudge()
    return Reply(run, status=202, headers={"Location": f"/internal/runs/{run.id}"})


@routes.get("/internal/runs/{run_id}", Exposure.INTERNAL, "run.control", "Show a run")
async def show_run(call: Call[Factory, None, None]) -> Run:
    """Return a run with its matrix of elements and hosts."""
    async with transaction(call, "show a run") as tx:
        return _found(await runs.get(tx, call.path["run_id"]))


@routes.get("/internal/runs/{run_id}/events", Exposure.INTERNAL, "run.control", "Read a run's events")
async def read_run_events(call: Call[Factory, None, EventQuery]) -> RunEventList:
    """Return what happened, in order; ask again with the last number until it is complete."""
    async with transaction(call, "read a run's events") as tx:
        run = _found(await runs.get(tx, call.path["run_id"]))
        items = await records.read_events(tx, run.id, call.query.after, call.query.limit)
    return RunEventList(items, complete=run.state in ENDED and len(items) < call.query.limit)


@routes.get("/internal/runs/{run_id}/log", Exposure.INTERNAL, "run.control", "Read a run's log")
async def read_run_log(call: Call[Factory, None, LogQuery]) -> RunLog:
    """Return a piece of the log, without secrets."""
    offset, limit = call.query.offset, call.query.limit
    async with transaction(call, "read a run's log") as tx:
        run = _found(await runs.get(tx, call.path["run_id"]))
        text = await records.read_log(tx, run.id, offset, limit)
    return RunLog(text, offset + len(text), complete=run.state in ENDED and len(text) < limit)


@routes.post("/internal/runs/{run_id}/cancel", Exposure.INTERNAL, "run.control", "Cancel a run", status=202)
async def cancel_run(call: Call[Factory, None, None]) -> Run:
    """Have a run ended, here and on its hosts; one that has ended stays as it is. Follow it to ``cancelled``."""
    async with transaction(call, "cancel a run") as tx:
        run = _found(await runs.get(tx, call.path["run_id"]))
        call.caller.require(run.project_id)
        await runs.request_cancel(tx, run.id)
    call.context.carrier.cancel(run.id)
    call.context.carrier.nudge()
    return run


def _found(run: Run | None) -> Run:
    if run is None:
        raise NotFound()
    return run


def _check_operation(caller: Caller, request: StartRun) -> None:
    if caller.operation_id and caller.operation_id != request.operation_id:
        raise Forbidden(f"You act for operation {caller.operation_id}, not for {request.operation_id}.")
