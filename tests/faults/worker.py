"""``python -m tests.faults.worker``: the cluster service's worker, that kills itself where it is told to.

A parent that has imported everything forks the worker, and another one each time it was killed. What runs in the child
is the service's own ``work`` process; only its saga worker and its ways out are watched.
"""

import argparse
import contextlib
import os
import signal
import sys
import traceback
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NoReturn

from lab.launcher.kernel import end_with_parent
from services.chassis.command import service_main
from services.chassis.context import Process
from services.cluster.adapters.heat import HeatMachineGroups
from services.cluster.factory import Factory
from services.cluster.main import SERVICE, open_context, workers
from tests.faults.armed import Armed
from tests.faults.watched import WatchedThreads, WatchedTransport, Watcher

_SIGNALS = {signal.SIGTERM, signal.SIGCHLD}


def work(config: str, armed: Armed) -> int:
    """Run the service's worker, watched; returns its exit code."""
    watcher = Watcher(armed)

    @contextlib.asynccontextmanager
    async def context(process: Process) -> AsyncIterator[Factory]:
        process.transport = WatchedTransport(process.transport, watcher)
        async with open_context(process) as factory:
            threads = WatchedThreads(watcher)
            yield replace(factory, deps=replace(factory.deps, groups=HeatMachineGroups(threads)))
            threads.close()

    watched = replace(SERVICE, context=context, workers=partial(workers, watch=watcher))
    return service_main(watched, ["work", "--config", config])


class Parent:
    """Keeps one worker running until it ends by itself, or the parent is told to stop."""

    def __init__(self, config: str, armed: Armed) -> None:
        self._config = config
        self._armed = armed

    def run(self) -> int:
        """Return the exit code of the last worker."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        child = self._fork()
        stopping = False
        while True:
            if signal.sigwait(_SIGNALS) == signal.SIGTERM:
                stopping = True
                os.kill(child, signal.SIGTERM)
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid == 0:
                continue
            code = os.waitstatus_to_exitcode(status)
            if stopping or code != -signal.SIGKILL:
                return abs(code)
            child = self._fork()

    def _fork(self) -> int:
        parent = os.getpid()
        return os.fork() or self._become_worker(parent)

    def _become_worker(self, parent: int) -> NoReturn:
        end_with_parent(signal.SIGKILL, parent)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        code = 1
        try:
            code = work(self._config, self._armed)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.faults.worker", description=__doc__)
    parser.add_argument("--config", required=True, help="the cluster service's configuration")
    parser.add_argument("--armed", required=True, type=Path, help="the folder of tests/faults/armed.py")
    given = parser.parse_args()
    sys.exit(Parent(given.config, Armed(given.armed)).run())
