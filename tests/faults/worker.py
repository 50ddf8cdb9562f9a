"""``python -m tests.faults.worker``: workers of the cluster service, to which faults happen where they are told to.

A parent that has imported everything, and looked for OpenStack's plugins, forks one worker a lane, another one when it
was killed, and one that takes over when it stands still. What runs in the child is the service's own ``work`` process;
only its saga worker and its ways out are watched.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import traceback
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import msgspec
import uvloop
from keystoneauth1 import loading
from sqlalchemy import Engine, event

from lab.launcher.kernel import end_with_parent
from services.chassis.config import load
from services.chassis.context import Process
from services.chassis.saga import Watch
from services.chassis.serve import run_process
from services.chassis.service import Background
from services.cluster.adapters.heat import HeatMachineGroups
from services.cluster.config import Settings
from services.cluster.factory import Factory
from services.cluster.main import SERVICE, open_context, workers
from tests.faults.armed import Armed
from tests.faults.watched import WatchedBus, WatchedThreads, WatchedTransport, Watcher
from tests.support.ports import port_of_this_process

_SIGNALS = {signal.SIGTERM, signal.SIGCHLD}


Crew = Callable[[Factory, Watch], Sequence[Background]]
"""The tasks of a process that works on operations: the service's own, or a peer's."""


def work(config: str, armed: Armed, crew: Crew = workers) -> int:
    """Run the service's worker, watched, or a peer; returns its exit code."""
    watcher = Watcher(armed)
    for moment in ("before_cursor_execute", "after_cursor_execute"):
        event.listen(Engine, moment, watcher.see_statement)

    @contextlib.asynccontextmanager
    async def context(process: Process) -> AsyncIterator[Factory]:
        process.transport = WatchedTransport(process.transport, watcher)
        process.bus = WatchedBus(process.events, armed, process.database)  # type: ignore[assignment]
        async with open_context(process) as factory:
            threads = WatchedThreads(watcher)
            groups = HeatMachineGroups(threads, factory.deps.credentials.refused)
            yield replace(factory, deps=replace(factory.deps, groups=groups))
            threads.close()

    watched = replace(SERVICE, context=context, workers=lambda factory: crew(factory, watcher))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run_process(watched, _settings(config), work=True))


def _settings(config: str) -> Settings:
    """Return the configuration; with a port of its own where it names none, since a lane may have two workers."""
    settings = load(Path(config), Settings)
    listen = msgspec.structs.replace(settings.listen, work_port=settings.listen.work_port or port_of_this_process())
    return msgspec.structs.replace(settings, listen=listen)


@dataclass
class Lane:
    """One configuration, the folder that arms its workers, and the worker that has not been stopped."""

    config: str
    armed: Armed
    pid: int = 0


class Parent:
    """Keeps one worker a lane running until one ends by itself, or the parent is told to stop."""

    def __init__(self, lanes: list[Lane], crew: Crew = workers) -> None:
        self._lanes = lanes
        self._crew = crew

    def run(self) -> int:
        """Return the exit code of the worker that ended by itself; 0 when told to stop and all did."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        loading.get_plugin_loader("v3password")
        for lane in self._lanes:
            self._fork(lane)
        while signal.sigwait(_SIGNALS) == signal.SIGCHLD:
            if code := self._look_at_children():
                return code
        return self._stop()

    def _look_at_children(self) -> int:
        """Fork for those that were killed or stopped; returns the exit code of one that ended by itself."""
        with contextlib.suppress(ChildProcessError):
            while (change := os.waitpid(-1, os.WNOHANG | os.WUNTRACED))[0]:
                pid, status = change
                lane = next((lane for lane in self._lanes if lane.pid == pid), None)
                if lane is None:
                    continue
                if not os.WIFSTOPPED(status) and os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
                    code = os.waitstatus_to_exitcode(status)
                    sys.stderr.write(f"worker {pid} of {lane.config} ended by itself: {code}\n")
                    return abs(code) or 1
                self._fork(lane)
        return 0

    def _stop(self) -> int:
        for lane in self._lanes:
            os.kill(lane.pid, signal.SIGTERM)
        codes = [os.waitstatus_to_exitcode(os.waitpid(lane.pid, 0)[1]) for lane in self._lanes]
        return max(abs(code) for code in codes)

    def _fork(self, lane: Lane) -> None:
        parent = os.getpid()
        lane.pid = os.fork() or self._become_worker(lane, parent)

    def _become_worker(self, lane: Lane, parent: int) -> NoReturn:
        end_with_parent(signal.SIGKILL, parent)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        code = 1
        try:
            code = work(lane.config, lane.armed, self._crew)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)


def lanes_of(parser: argparse.ArgumentParser) -> list[Lane]:
    """Return the lanes that the command line names."""
    explained = "the cluster service's configuration, and the folder of tests/faults/armed.py"
    parser.add_argument("--lane", required=True, nargs=2, action="append", metavar=("CONFIG", "ARMED"), help=explained)
    return [Lane(config, Armed(Path(armed))) for config, armed in parser.parse_args().lane]


if __name__ == "__main__":
    given = lanes_of(argparse.ArgumentParser(prog="python -m tests.faults.worker", description=__doc__))
    sys.exit(Parent(given).run())
