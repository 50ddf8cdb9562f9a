"""Carry out one run: sandbox after sandbox until every element has come to its end on every host that is left.

One sandbox takes all elements of the catalogue that follow each other; a customer's own element, or check, gets one of
its own. There is another one when Ansible stops early, because all hosts of one play have failed, while others still
have elements before them.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, repeat
from pathlib import Path

import structlog

from services.chassis.auth.credentials import Mandate
from services.chassis.errors import Problem, is_away
from services.contracts.runs import RunCheck, StartRun
from services.runner.adapters.ansible import AnsibleRuntime
from services.runner.adapters.checks import Checks
from services.runner.adapters.elements import ElementSource
from services.runner.adapters.relay import Relay
from services.runner.adapters.sandbox import Sandbox, SandboxProcess
from services.runner.adapters.sandbox.process import Ending
from services.runner.adapters.secrets import Secrets, SshIdentity
from services.runner.adapters.sweep import Access, sweep
from services.runner.domain import playbook
from services.runner.domain.ansible_event import AnsibleEvent, Outcome, decode
from services.runner.domain.element_order import Entry, entries_of_run, trusted_together
from services.runner.domain.journal import Journal
from services.runner.domain.masking import Mask
from services.runner.domain.playbook import AnsibleSettings
from services.runner.domain.verdict import Verdict, judge

log = structlog.get_logger()

_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
CANCELLED = Verdict("cancelled", "It was cancelled.")


@dataclass(frozen=True)
class Tools:
    """What every run uses.

    Times are in seconds: ``start`` until the first event, ``sweep`` to clear one host, ``away`` for siblings that are.
    """

    sandbox: Sandbox
    ansible: AnsibleRuntime
    settings: AnsibleSettings
    relay: Relay
    secrets: Secrets
    elements: ElementSource
    checks: Checks
    user: str
    start_seconds: float
    sweep_seconds: float
    away_seconds: float


@dataclass(frozen=True)
class _Prepared:
    """What a run works with: by entry's key its own folder, and the folder of shared modules that it came with."""

    folders: Mapping[str, Path]
    libraries: Mapping[str, Path]
    secrets: playbook.Secrets
    access: Access

    def places(self, entries: Sequence[Entry]) -> dict[str, Path]:
        """Return what the sandbox of some entries holds, by its place in the project."""
        libraries = dict.fromkeys(self.libraries[one.key] for one in entries if one.key in self.libraries)
        shared = {playbook.library(number): folder for number, folder in enumerate(libraries)}
        return {**{f"elements/{one.key}": self.folders[one.key] for one in entries}, **shared}


@dataclass
class Execution:
    """One run at work."""

    run: StartRun
    mandate: Mandate
    tools: Tools
    journal: Journal
    _process: SandboxProcess | None = None
    _ended_by: Verdict | None = None
    _told_to_end: asyncio.Event = field(default_factory=asyncio.Event)
    _timed_out: Entry | None = None
    _deadline: asyncio.TimerHandle | None = None

    def end(self, verdict: Verdict) -> None:
        """End it with ``verdict``: kill the sandbox now; the run ends when its hosts are clear as well."""
        self._ended_by = self._ended_by or verdict
        self._told_to_end.set()
        if self._process:
            self._process.kill()

    async def carry_out(self) -> Verdict:
        """Work until the end and say how it ended. Everything that was opened is closed again."""
        try:
            prepared = await self._prepared()
            try:
                return await self._work(prepared)
            finally:
                await asyncio.shield(self._close())
        except Problem as problem:
            return self._broken(f"The run could not be started: {problem.detail} {problem.hint_text or ''}".rstrip())
        except OSError as error:
            return self._broken(f"The sandbox could not be started: {error}.")

    async def _prepared(self) -> _Prepared:
        """Prepare, and wait for a service that is away: nothing has begun on the hosts. Raises Problem."""
        clock = asyncio.get_running_loop().time
        end, pauses = clock() + self.tools.away_seconds, chain(_PAUSES, repeat(_PAUSES[-1]))
        while True:
            pause = next(pauses)
            try:
                return await self._prepare()
            except Problem as problem:
                if not is_away(problem) or self._ended_by or clock() + pause > end:
                    raise
                log.warning("run.waits", run=self.run.run_id, reason=problem.detail)
                self.journal.line(f"The run waits: {problem.detail}\n")
                await self.journal.flush()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._told_to_end.wait()

    async def _prepare(self) -> _Prepared:
        run, tools = self.run, self.tools
        seconds = longest_seconds(run, tools)
        folders, libraries = await self._fetch()
        secrets = await tools.secrets.values(run, self.mandate)
        self.journal.mask = Mask(secrets.values())
        identity = await tools.secrets.identity(run, self.mandate, int(seconds))
        folder = await tools.relay.open(run, self.mandate, seconds)
        return _Prepared(folders, libraries, secrets, Access(folder, identity, tools.user))

    async def _fetch(self) -> tuple[dict[str, Path], dict[str, Path]]:
        """Return the folders of elements and checks, and of the shared modules of each, by the entry's key."""
        folders: dict[str, Path] = {}
        libraries: dict[str, Path] = {}
        for entry in self.journal.progress.entries:
            if isinstance(entry.part, RunCheck):
                folders[entry.key] = await self.tools.checks.fetch_check(entry.part, self.mandate)
                continue
            files = await self.tools.elements.fetch_element(entry.part, self.run.phase, self.mandate)
            folders[entry.key] = files.folder
            if files.library:
                libraries[entry.key] = files.library
        return folders, libraries

    async def _work(self, prepared: _Prepared) -> Verdict:
        progress = self.journal.progress
        while not self._ended_by:
            remaining = [entry for entry in progress.remaining() if entry.hosts_of(progress.alive())]
            if not remaining:
                break
            statistics, ending = await self._sandbox(prepared, trusted_together(remaining))
            broken = self._take_end(statistics, ending)
            await self.journal.flush()
            if broken or self._ended_by or self._timed_out:
                await self._sweep(prepared.access)
            if broken:
                return Verdict("failed", broken)
            self._timed_out = None
        if self._ended_by:
            progress.break_off("skipped", self._ended_by.reason or self._ended_by.state, datetime.now(UTC))
            return self._ended_by
        return judge(progress.cells())

    async def _sandbox(self, prepared: _Prepared, entries: Sequence[Entry]) -> tuple[AnsibleEvent | None, Ending]:
        """Run one sandbox to its end; return Ansible's own statistics, if it came so far."""
        places = prepared.places(entries)
        files = self._files(prepared, entries, [place for place in places if place.startswith(playbook.LIBRARY)])
        start = self.tools.ansible.start(self.run.run_id, files, places, prepared.access.folder)
        self.journal.progress.current = None
        self._process = process = await self.tools.sandbox.start(start)
        if process.unlimited:
            log.warning("sandbox.unlimited", run=self.run.run_id, limits=process.unlimited)
        if self._ended_by:
            process.kill()
        self._set_deadline(entries[0], self.tools.start_seconds)
        try:
            statistics = await self._read(process)
            return statistics, await process.finish()
        finally:
            self._process = None
            process.kill()
            if self._deadline:
                self._deadline.cancel()

    async def _read(self, process: SandboxProcess) -> AnsibleEvent | None:
        statistics = None
        current = None
        async for line in process.stdout:
            event = decode(line)
            if event is None:
                self.journal.line(line.decode(errors="replace"))
                continue
            self.journal.event(event)
            if event.outcome is Outcome.STATISTICS:
                statistics = event
            if self.journal.progress.current is not current and (current := self.journal.progress.current):
                self._set_deadline(current, current.part.timeout_seconds)
        return statistics

    def _set_deadline(self, entry: Entry, seconds: float) -> None:
        if self._deadline:
            self._deadline.cancel()
        self._deadline = asyncio.get_running_loop().call_later(seconds, self._time_out, entry)

    def _time_out(self, entry: Entry) -> None:
        self._timed_out = entry
        if self._process:
            self._process.kill()

    def _take_end(self, statistics: AnsibleEvent | None, ending: Ending) -> str | None:
        """Bring the matrix to what the end of a sandbox means; return why the run can't go on, if it can't."""
        now = datetime.now(UTC)
        progress = self.journal.progress
        if self._ended_by:
            return None
        if self._timed_out:
            return self._take_time_out(self._timed_out, now)
        if statistics is not None and progress.take_advance():
            return None
        reason = "Memory ran out in the sandbox." if ending.out_of_memory else f"Ansible ended with {ending.code}."
        progress.break_off("failed", reason, now)
        return f"{reason} {self.journal.tail[-500:]}".strip()

    def _take_time_out(self, entry: Entry, now: datetime) -> str | None:
        progress = self.journal.progress
        if progress.current is None:
            reason = f"Ansible did not start within {self.tools.start_seconds:g} s."
            progress.break_off("failed", reason, now)
            return reason
        reason = f"{entry.name} took longer than {entry.part.timeout_seconds} s."
        progress.break_off("failed", reason, now, [entry])
        return None

    async def _sweep(self, access: Access) -> None:
        left = await sweep(access, self.run.hosts, playbook.MARK, self.run.run_id, seconds=self.tools.sweep_seconds)
        for host, reason in left.items():
            self.journal.line(f"What this run had started on {host} may be running still: {reason}.\n")
        await self.journal.flush()

    async def _close(self) -> None:
        try:
            await self.tools.relay.close(self.run, self.mandate)
        except Problem as problem:
            log.warning("streams not closed; they expire", run=self.run.run_id, reason=problem.detail)

    def _broken(self, reason: str) -> Verdict:
        self.journal.progress.break_off("failed", reason, datetime.now(UTC))
        return self._ended_by or Verdict("failed", reason)

    def _files(self, prepared: _Prepared, entries: Sequence[Entry], libraries: Sequence[str]) -> dict[str, str]:
        run, alive = self.run, self.journal.progress.alive()
        identity: SshIdentity = prepared.access.identity
        return {
            f"project/{playbook.PLAYBOOK}": playbook.playbook(run, entries, alive, prepared.secrets),
            "inventory/hosts.yaml": playbook.inventory(run, self.tools.user),
            "ansible.cfg": playbook.settings(self.tools.settings, run.run_id, libraries),
            "ssh/known_hosts": playbook.known_hosts(run),
            "ssh/key": identity.private_key,
            "ssh/key-cert.pub": identity.certificate,
        }


def longest_seconds(run: StartRun, tools: Tools) -> float:
    """Return how long a run can take at most: the time of its streams and of its certificate."""
    longest = sum(entry.part.timeout_seconds + tools.start_seconds for entry in entries_of_run(run))
    return min(longest + 2 * tools.sweep_seconds, 86_400.0)
