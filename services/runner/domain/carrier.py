"""Carries runs: takes queued ones, gives signs of life, ends those that are to be cancelled, clears up lost ones."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path

import structlog

from services.chassis.auth.credentials import Mandate
from services.chassis.db import Database, database_time, is_transient
from services.chassis.errors import Problem
from services.contracts.runs import Cell, StartRun
from services.runner.adapters.sweep import Access, sweep
from services.runner.domain import playbook
from services.runner.domain.element_order import entries_of_run
from services.runner.domain.execution import CANCELLED, Execution, Tools, longest_seconds
from services.runner.domain.journal import Journal
from services.runner.domain.masking import Mask
from services.runner.domain.progress import Progress
from services.runner.domain.verdict import Verdict
from services.runner.storage import carrying, records
from services.runner.storage.carrying import Claimed

log = structlog.get_logger()

_LOST = "The runner that carried it went away; what it had started on its hosts has been ended."
_STOPPED = "The runner was stopped while this run was at work; what it had started on its hosts has been ended."
_FLUSH_SECONDS = 0.2
"""How late an event may be seen by who follows a run."""
_OUTAGE_SECONDS = 1.0


class Carrier:
    """Carries up to ``at_once`` runs in this process. ``holder`` names the runner and outlives a restart of it."""

    def __init__(
        self,
        db: Database,
        tools: Tools,
        *,
        holder: str,
        at_once: int,
        beat_seconds: float,
        silent_seconds: float,
        log_limit_characters: int,
    ) -> None:
        self._db = db
        self._tools = tools
        self._holder = holder
        self._places = asyncio.Semaphore(at_once)
        self._beat_seconds = beat_seconds
        self._silent_seconds = silent_seconds
        self._log_limit = log_limit_characters
        self._started: datetime | None = None
        self._wake = asyncio.Event()
        self._carried: dict[str, Execution] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def nudge(self) -> None:
        """Look for queued runs now."""
        self._wake.set()

    def cancel(self, run_id: str) -> None:
        """End a run now, if this process carries it; another one sees the request at its next sign of life."""
        if run_id in self._carried:
            self._carried[run_id].end(CANCELLED)

    async def run(self) -> None:
        """Carry runs until cancelled; then end what is carried, so that nothing goes on without a runner."""
        await self._tools.sandbox.clean_up()
        while self._started is None:
            await _unless_away(self._begin)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_again_and_again(self._take_one))
                group.create_task(_again_and_again(self._beat))
        finally:
            for execution in self._carried.values():
                execution.end(Verdict("lost", _STOPPED))
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _begin(self) -> None:
        """Note when this runner began: what is its own from before that, nobody carries."""
        async with self._db.all_projects(purpose="when a runner began") as tx:
            self._started = await database_time(tx)

    async def _take_one(self) -> None:
        self._wake.clear()
        await self._places.acquire()
        claimed = None
        try:
            claimed = await self._claim()
        finally:
            if claimed is None:
                self._places.release()
        if claimed is None:
            await self._pause()
            return
        task = self._keep(self._carry(claimed))
        task.add_done_callback(lambda _: self._places.release())

    def _keep(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _claim(self) -> Claimed | None:
        async with self._db.all_projects(purpose="take queued runs") as tx:
            return await carrying.claim_queued(tx, self._holder)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._beat_seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _beat(self) -> None:
        assert self._started is not None
        async with self._db.all_projects(purpose="signs of life of runs") as tx:
            to_cancel = await carrying.still_alive(tx, list(self._carried))
            lost = await carrying.claim_abandoned(tx, self._holder, self._started, self._silent_seconds)
        for run_id in to_cancel:
            self.cancel(run_id)
        for claimed in lost:
            self._keep(self._clear_up(claimed))
        await asyncio.sleep(self._beat_seconds)

    async def _carry(self, claimed: Claimed) -> None:
        journal = self._journal(claimed.request, Progress(entries_of_run(claimed.request)))
        execution = Execution(claimed.request, Mandate(claimed.mandate), self._tools, journal)
        self._carried[claimed.request.run_id] = execution
        if claimed.cancel_requested:
            execution.end(CANCELLED)
        flushing = asyncio.create_task(journal.flush_forever(_FLUSH_SECONDS))
        try:
            verdict = await execution.carry_out()
        except Exception as error:
            log.exception("run.broken", run=claimed.request.run_id, error=repr(error))
            verdict = Verdict("failed", "The runner failed; its log says why.")
        flushing.cancel()
        await asyncio.gather(flushing, return_exceptions=True)
        await self._end(claimed.request, journal, verdict)
        del self._carried[claimed.request.run_id]

    async def _end(self, request: StartRun, journal: Journal, verdict: Verdict) -> None:
        await journal.flush()
        reason = journal.mask.text(verdict.reason) if verdict.reason else None
        async with self._db.project(request.project_id) as tx:
            event = await carrying.end(tx, request, verdict.state, reason)
            await records.write(tx, request, journal.last_batch(event))
        log.info("run.ended", run=request.run_id, state=verdict.state, reason=reason)

    async def _clear_up(self, claimed: Claimed) -> None:
        """End on its hosts what a lost run has started there, then say that it is lost."""
        request = claimed.request
        progress = Progress(entries_of_run(request))
        journal = self._journal(request, progress)
        async with self._db.project(request.project_id) as tx:
            progress.restore(await carrying.matrix_of(tx, request.run_id))
            journal.resume(*await carrying.counted(tx, request.run_id))
        for host, reason in (await self._sweep_lost(claimed)).items():
            journal.line(f"What this run had started on {host} may be running still: {reason}.\n")
        progress.break_off("failed", "The runner went away while this element was at work.", datetime.now(UTC))
        await self._end(request, journal, Verdict("lost", _LOST))

    async def _sweep_lost(self, claimed: Claimed) -> dict[str, str]:
        request, mandate, tools = claimed.request, Mandate(claimed.mandate), self._tools
        try:
            seconds = longest_seconds(request, tools)
            folder: Path = await tools.relay.open(request, mandate, seconds)
            identity = await tools.secrets.identity(request, mandate, int(seconds))
            access = Access(folder, identity, tools.user)
            hosts = request.hosts
            left = await sweep(access, hosts, playbook.MARK, request.run_id, seconds=tools.sweep_seconds)
            await tools.relay.close(request, mandate)
        except Problem as problem:
            return {host.name: problem.detail for host in request.hosts}
        return left

    def _journal(self, request: StartRun, progress: Progress) -> Journal:
        async def write(batch: records.Batch) -> None:
            async with self._db.project(request.project_id) as tx:
                await records.write(tx, request, batch)

        return Journal(progress, Mask(()), write, self._log_limit)


async def _again_and_again(step: Callable[[], Awaitable[None]]) -> None:
    """Take ``step`` for ever. An outage of the database is waited out: what is being carried goes on."""
    while True:
        await _unless_away(step)


async def _unless_away(step: Callable[[], Awaitable[None]]) -> None:
    """Take ``step``; where the database is away, wait a little instead."""
    try:
        await step()
    except Exception as error:
        if not is_transient(error):
            raise
        log.warning("runs.wait_for_database", error=repr(error))
        await asyncio.sleep(_OUTAGE_SECONDS)


def cells_of(request: StartRun) -> list[Cell]:
    """Return the matrix of a run that has not begun."""
    return Progress(entries_of_run(request)).cells()
