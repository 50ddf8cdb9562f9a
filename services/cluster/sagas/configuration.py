"""Runs of elements as steps: only what is not done yet is run, on the hosts where it is not done yet."""

import hashlib
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from services.chassis.errors import Problem
from services.chassis.saga import Done, Reason, StepFailed, Transient, Wait
from services.cluster.sagas.deps import Context, cluster_of, mandate_of, plan_of
from services.cluster.storage.clusters import get_cluster
from services.cluster.storage.hosts import change_host, host_keys_of
from services.cluster.storage.runs import RUN_ENDED, cells_of, lost_run, record_run, runs_of
from services.contracts.cluster import Host, Plan, PlanCheck
from services.contracts.runs import Cell, Run, RunCheck, RunCluster, RunElement, RunHost, StartRun

_LOOK_SECONDS = 1.0
_LOST_AT_MOST = 2
"""So many runs in a row are begun again by themselves when the runner loses them; then a person has to look."""
_DONE = frozenset({"ok", "changed"})
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


async def apply_elements(ctx: Context) -> Done | Wait:
    """Apply the plan's elements in order; after a failure only what is missing."""
    return await _run_phase(ctx, "apply")


async def verify_elements(ctx: Context) -> Done | Wait:
    """Have each element prove by doing its work that it does it, and then the blueprint's checks that all do."""
    return await _run_phase(ctx, "verify")


@dataclass(frozen=True)
class _Progress:
    """Where a phase stands: its runs so far, its newest cells, and what has to be run yet."""

    rows: list[Any]
    missing: list[RunElement]
    missing_checks: list[RunCheck]

    @property
    def complete(self) -> bool:
        return not self.missing and not self.missing_checks


async def _run_phase(ctx: Context, phase: str) -> Done | Wait:
    plan = await plan_of(ctx)
    progress = await progress_of(ctx, plan, phase)
    under_way = bool(progress.rows) and progress.rows[-1].state not in RUN_ENDED
    if not under_way and progress.complete:
        return Done({"runs": [row.id for row in progress.rows]})
    number = progress.rows[-1].number if under_way else len(progress.rows) + 1
    run = await (_show(ctx, progress) if under_way else _start(ctx, plan, phase, number, progress))
    async with ctx.tx() as tx:
        await record_run(tx, run, number)
        for cell in _failed_cells(run.cells):
            if cell.element not in _check_names(plan):
                await change_host(tx, cluster_of(ctx), cell.host, state="failed", reason=cell.message)
    if run.state not in RUN_ENDED:
        return Wait(seconds=_LOOK_SECONDS, note=_note(run))
    if run.state == "lost" and _lost_in_a_row(progress.rows) < _LOST_AT_MOST:
        raise Transient(f"The run was lost: {run.reason or 'the runner does not know it any more.'}")
    if run.state == "succeeded" and (await progress_of(ctx, plan, phase)).complete:
        return Done({"runs": [*(row.id for row in progress.rows if row.id != run.id), run.id]})
    raise StepFailed(await _reason(ctx, plan, run))


def _lost_in_a_row(rows: list[Any]) -> int:
    """Count the runs before this one that were lost, one after the other."""
    return sum(1 for _ in takewhile(lambda row: row.state == "lost", reversed(rows[:-1])))


async def _show(ctx: Context, progress: _Progress) -> Run:
    """Return the run under way; one that the runner does not know is lost."""
    row = progress.rows[-1]
    try:
        return await ctx.deps.runner.show(row.id, mandate_of(ctx))
    except Problem as problem:
        if problem.status != 404:
            raise
        return lost_run(row)


async def _start(ctx: Context, plan: Plan, phase: str, number: int, progress: _Progress) -> Run:
    run_id = run_id_of(ctx.operation.id, phase, number)
    intent = await ctx.intent("run.start", key=run_id, payload={"phase": phase, "number": number})
    await ctx.guard()
    run = await ctx.deps.runner.start(await request_of(ctx, plan, phase, run_id, progress), mandate_of(ctx))
    await intent.done({"run_id": run.id})
    return run


async def progress_of(ctx: Context, plan: Plan, phase: str) -> _Progress:
    async with ctx.deps.db.project(plan.project_id) as tx:
        rows = await runs_of(tx, ctx.operation.id, phase)
    done = {(cell.element, cell.host) for cell in cells_of(rows) if cell.state in _DONE}
    missing = []
    for element in plan.elements:
        hosts = [host for host in element.hosts if (element.name, host) not in done]
        if hosts:
            missing.append(_run_element(element, hosts))
    return _Progress(rows, missing, _missing_checks(plan, done, again=bool(missing)) if phase == "verify" else [])


def _missing_checks(plan: Plan, done: set[tuple[str, str]], *, again: bool) -> list[RunCheck]:
    """Return the checks that have not passed; all of them ``again`` when an element is still to prove itself."""
    return [
        _run_check(plan, check)
        for check in plan.checks
        if again or any((check.name, host) not in done for host in check.hosts)
    ]


def _run_check(plan: Plan, check: PlanCheck) -> RunCheck:
    return RunCheck(
        name=check.name,
        blueprint=plan.blueprint,
        version=plan.blueprint_version,
        owner=plan.blueprint_owner,
        playbook=check.playbook,
        hosts=check.hosts,
        values=plan.parameters,
        timeout_seconds=check.timeout_seconds,
    )


def _check_names(plan: Plan) -> set[str]:
    return {check.name for check in plan.checks}


def _run_element(element: Any, hosts: list[str]) -> RunElement:
    return RunElement(
        name=element.name,
        version=element.version,
        owner=element.owner,
        hosts=hosts,
        values=element.values,
        secrets=[secret["name"] for secret in element.secrets],
        timeout_seconds=element.timeout_seconds,
    )


async def request_of(ctx: Context, plan: Plan, phase: str, run_id: str, progress: _Progress) -> StartRun:
    cluster_id = cluster_of(ctx)
    async with ctx.deps.db.project(plan.project_id) as tx:
        cluster = await get_cluster(tx, cluster_id)
        pinned = await host_keys_of(tx, cluster_id)
    hosts = cluster.hosts if cluster else []
    return StartRun(
        run_id=run_id,
        operation_id=ctx.operation.id,
        project_id=plan.project_id,
        cloud_id=plan.cloud_id,
        cluster=RunCluster(cluster_id, plan.cluster_name),
        phase=phase,
        hosts=[_run_host(host, pinned[host.name]) for host in hosts],
        elements=progress.missing,
        checks=progress.missing_checks,
        mandate=ctx.operation.context.get("run_mandate"),
    )


def _run_host(host: Host, keys: list[str]) -> RunHost:
    return RunHost(id=host.id, name=host.name, role=host.role, address=host.address or "", host_keys=keys)


def run_id_of(operation_id: str, phase: str, number: int) -> str:
    """Return the one id of an operation's nth run of a phase, so that a repeated start finds the run that is there."""
    digest = hashlib.sha256(f"{operation_id}/{phase}/{number}".encode()).digest()
    value = int.from_bytes(digest[:17], "big")
    return "run_" + "".join(_ALPHABET[(value >> 5 * place) & 31] for place in range(26))


def _failed_cells(cells: list[Cell]) -> list[Cell]:
    return [cell for cell in cells if cell.state in ("failed", "unreachable")]


def _note(run: Run) -> str:
    done = sum(cell.state in _DONE for cell in run.cells)
    running = sorted({cell.element for cell in run.cells if cell.state == "running"})
    return f"{done} of {len(run.cells)} done" + (f", now {', '.join(running)}" if running else "")


async def _reason(ctx: Context, plan: Plan, run: Run) -> Reason:
    failed = _failed_cells(run.cells)
    log = await _log_from(ctx, run, max((cell.log_offset or 0 for cell in failed[:1]), default=0))
    first = failed[0] if failed else None
    hosts = ", ".join(sorted({cell.host for cell in failed if first and cell.element == first.element}))
    kind = "check" if first and first.element in _check_names(plan) else "element"
    what = (
        f"{kind.title()} {first.element} failed on {hosts}"
        if first
        else (run.reason or f"The run is {run.state} and did not do all of it").rstrip(".")
    )
    task = f" in the task “{first.task}”" if first and first.task else ""
    evidence = "\n".join(filter(None, [first.message if first else run.reason, log[:4000]]))
    runbook = f"{ctx.deps.settings.runbooks}/{kind}-failed.md"
    return Reason(f"{kind}-failed", f"{what}{task}.", evidence=evidence, runbook=runbook)


async def _log_from(ctx: Context, run: Run, offset: int) -> str:
    """Return a run's log from ``offset`` on; nothing if the runner does not know the run any more."""
    try:
        return (await ctx.deps.runner.log(run.id, offset, mandate_of(ctx))).text
    except Problem as problem:
        if problem.status != 404:
            raise
        return ""
