"""``python -m tests.faults.worker``: workers of the cluster service, to which faults happen where they are told to.

What runs is the service's own ``work`` process; only its saga worker and its ways out are watched. A parent that has
imported everything, and looked for OpenStack's plugins, forks them.
"""

import argparse
import asyncio
import contextlib
import gc
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import uvloop
from keystoneauth1 import loading
from sqlalchemy import Engine, event

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
from tests.faults.parent import Lane, Parent
from tests.faults.watched import WatchedBus, WatchedThreads, WatchedTransport, Watcher
from tests.support.ports import port_of_this_process

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


def keep(lanes: list[Lane], crew: Crew = workers) -> int:
    """Keep a worker, or a peer, running on each lane, in processes of their own; returns the exit code."""
    loading.get_plugin_loader("v3password")
    gc.freeze()
    return Parent(lanes, lambda lane: work(lane.config, lane.armed, crew)).run()


def lanes_of(parser: argparse.ArgumentParser) -> list[Lane]:
    """Return the lanes that the command line names."""
    explained = "the cluster service's configuration, and the folder of tests/faults/armed.py"
    parser.add_argument("--lane", required=True, nargs=2, action="append", metavar=("CONFIG", "ARMED"), help=explained)
    return [Lane(config, Armed(Path(armed))) for config, armed in parser.parse_args().lane]


if __name__ == "__main__":
    sys.exit(keep(lanes_of(argparse.ArgumentParser(prog="python -m tests.faults.worker", description=__doc__))))
