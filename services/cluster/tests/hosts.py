"""Hosts without machines: a runner and a relay on chassis that answer as the contracts say, and can be troubled."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from services.chassis.bus import Event, new_event
from services.chassis.config import ServiceSettings
from services.chassis.context import Process
from services.chassis.errors import NotFound
from services.chassis.routing import Call, Exposure, RouteTable
from services.chassis.service import Service
from services.contracts.runs import Cell, Probe, ProbeReport, ProbeRequest, Run, RunLog, StartRun

_RUN_SECONDS = 0.05
_CANCEL_SECONDS = 0.5
_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI"


@dataclass
class Hosts:
    """What the doubles know. ``failing`` elements fail on each of their hosts; ``silent`` hosts answer no probe;
    the next ``lose`` runs are lost; those of a cluster in a phase that is in ``unending`` do not end.

    With ``tell`` runs end by themselves, soon, and it is given the event of each end; else at the next look. One that
    is cancelled ends a while later too; ``bereft`` are those of which no machines were ``standing`` any more then."""

    requests: dict[str, StartRun] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    lose: int = 0
    endless: bool = False
    unending: set[tuple[str, str]] = field(default_factory=set)
    forgetful: bool = False
    tell: Callable[[Event], Awaitable[None]] | None = None
    standing: Callable[[str], bool] = field(default=lambda cluster_id: True)
    bereft: set[str] = field(default_factory=set)
    ending: set[asyncio.Task[None]] = field(default_factory=set)

    def started(self, cluster_id: str, phase: str = "apply") -> list[StartRun]:
        """Return what was asked to run on a cluster's hosts, in order."""
        return [one for one in self.requests.values() if one.cluster.id == cluster_id and one.phase == phase]

    def going_on(self, cluster_id: str) -> list[str]:
        return [run.id for run in self.runs.values() if run.cluster_id == cluster_id and run.state == "running"]


class LogQuery(msgspec.Struct, frozen=True, kw_only=True):
    offset: int = 0


runner_routes: RouteTable = RouteTable("runs")
relay_routes: RouteTable = RouteTable("probes")


@runner_routes.post("/internal/runs", Exposure.INTERNAL, "run.control", "Start a run", status=202)
async def start_run_of_test(call: Call[Hosts, StartRun, None]) -> Run:
    hosts, body = call.context, call.body
    call.caller.require(body.project_id)
    if body.run_id not in hosts.runs:
        hosts.requests[body.run_id] = body
        hosts.runs[body.run_id] = _run(body)
        if hosts.tell:
            _in_background(hosts, _end_soon(hosts, body, hosts.tell))
    return hosts.runs[body.run_id]


@runner_routes.get("/internal/runs/{run_id}", Exposure.INTERNAL, "run.control", "Show a run")
async def show_run_of_test(call: Call[Hosts, None, None]) -> Run:
    hosts = call.context
    run = _known(call)
    if run.state != "running" or hosts.endless or (run.cluster_id, run.phase) in hosts.unending or hosts.tell:
        return run
    return end_run(hosts, run.id)


@runner_routes.post("/internal/runs/{run_id}/cancel", Exposure.INTERNAL, "run.control", "Cancel a run", status=202)
async def cancel_run_of_test(call: Call[Hosts, None, None]) -> Run:
    run, hosts = _known(call), call.context
    if run.state == "running" and hosts.tell:
        _in_background(hosts, _end_cancelled(hosts, hosts.requests[run.id], hosts.tell))
    elif run.state == "running":
        hosts.runs[run.id] = _broken_off(run, "cancelled")
    return hosts.runs[run.id]


@runner_routes.get("/internal/runs/{run_id}/log", Exposure.INTERNAL, "run.control", "Read a run's log")
async def read_run_log_of_test(call: Call[Hosts, None, LogQuery]) -> RunLog:
    text = f"log of {_known(call).id}\n"
    return RunLog(text[call.query.offset :], len(text), complete=True)


@relay_routes.post("/internal/probes", Exposure.INTERNAL, "host.connect", "Probe hosts", status=200)
async def probe_hosts_of_test(call: Call[Hosts, ProbeRequest, None]) -> ProbeReport:
    call.caller.require(call.body.project_id)
    await asyncio.sleep(0)
    return ProbeReport([_probe(host.host_id, host.name, call.context.silent) for host in call.body.hosts])


def runner_of(hosts: Hosts) -> Service[ServiceSettings, Hosts]:
    """Return a runner of these hosts."""
    return Service("runner", "Runs for tests", ServiceSettings, (runner_routes,), _context_of(hosts))


def relay_of(hosts: Hosts) -> Service[ServiceSettings, Hosts]:
    """Return a relay to these hosts."""
    return Service("relay", "Probes for tests", ServiceSettings, (relay_routes,), _context_of(hosts))


def end_run(hosts: Hosts, run_id: str) -> Run:
    """End a run, as the hosts' troubles have it."""
    if hosts.lose:
        hosts.lose -= 1
        hosts.runs[run_id] = _broken_off(hosts.runs[run_id], "lost")
    else:
        hosts.runs[run_id] = _ended(hosts.runs[run_id], hosts.failing)
    return hosts.runs[run_id]


async def _end_soon(hosts: Hosts, body: StartRun, tell: Callable[[Event], Awaitable[None]]) -> None:
    """End a run by itself and tell of that as the runner does."""
    await asyncio.sleep(_RUN_SECONDS)
    run = hosts.runs[body.run_id]
    if run.state != "running" or (run.cluster_id, run.phase) in hosts.unending:
        return
    await _tell_end(end_run(hosts, run.id), tell)


async def _end_cancelled(hosts: Hosts, body: StartRun, tell: Callable[[Event], Awaitable[None]]) -> None:
    """End a run that was told to, as the runner does: what runs on the machines takes its time to end."""
    await asyncio.sleep(_CANCEL_SECONDS)
    if hosts.runs[body.run_id].state != "running":
        return
    if not hosts.standing(body.cluster.id):
        hosts.bereft.add(body.run_id)
    hosts.runs[body.run_id] = _broken_off(hosts.runs[body.run_id], "cancelled")
    await _tell_end(hosts.runs[body.run_id], tell)


async def _tell_end(run: Run, tell: Callable[[Event], Awaitable[None]]) -> None:
    data = {"operation_id": run.operation_id, "cluster_id": run.cluster_id, "state": run.state}
    data |= {"reason": run.reason} if run.reason else {}
    with suppress(ConnectionError):
        await tell(new_event("run.changed", source="runner", subject=run.id, project_id=run.project_id, data=data))


def _in_background(hosts: Hosts, ending: Coroutine[Any, Any, None]) -> None:
    task = asyncio.create_task(ending)
    hosts.ending.add(task)
    task.add_done_callback(hosts.ending.discard)


def _context_of(hosts: Hosts) -> Callable[[Process], AbstractAsyncContextManager[Hosts]]:
    @asynccontextmanager
    async def context(_process: Process) -> AsyncIterator[Hosts]:
        yield hosts

    return context


def _known(call: Call[Hosts, Any, Any]) -> Run:
    run, scope = call.context.runs.get(call.path["run_id"]), call.caller.scope()
    if run is None or call.context.forgetful or not (scope.everywhere or run.project_id in scope.projects):
        raise NotFound()
    return run


def _run(body: StartRun) -> Run:
    places = [(part.name, host) for part in (*body.elements, *body.checks) for host in part.hosts]
    return Run(
        id=body.run_id,
        operation_id=body.operation_id,
        project_id=body.project_id,
        cluster_id=body.cluster.id,
        phase=body.phase,
        state="running",
        reason=None,
        created_at=datetime.now(UTC),
        started_at=None,
        ended_at=None,
        cells=[Cell(host=host, element=name, state="pending") for name, host in places],
    )


def _broken_off(run: Run, state: str) -> Run:
    """Return a run that came to no end of its own; nothing of it was tried."""
    cells = [msgspec.structs.replace(cell, state="skipped") for cell in run.cells]
    return _at_an_end(run, state, f"The run was {state}.", cells)


def _ended(run: Run, failing: set[str]) -> Run:
    """Return how a run ends: a host drops out at its first failure, and what comes after it there is skipped."""
    out: set[str] = set()
    cells = []
    for cell in run.cells:
        state = "skipped" if cell.host in out else "failed" if cell.element in failing else "changed"
        out |= {cell.host} if state == "failed" else set()
        message = f"{cell.element} is troubled" if state == "failed" else None
        cells.append(msgspec.structs.replace(cell, state=state, message=message, task="do it" if message else None))
    reason = f"{', '.join(sorted(out))} dropped out." if out else None
    return _at_an_end(run, "failed" if out else "succeeded", reason, cells)


def _at_an_end(run: Run, state: str, reason: str | None, cells: list[Cell]) -> Run:
    return msgspec.structs.replace(run, state=state, reason=reason, ended_at=datetime.now(UTC), cells=cells)


def _probe(host_id: str, name: str, silent: set[str]) -> Probe:
    if name in silent:
        return Probe(host_id=host_id, reachable=False, reason="no answer")
    return Probe(host_id=host_id, reachable=True, banner="SSH-2.0-test", host_keys=[f"{_KEY}{name}"])
