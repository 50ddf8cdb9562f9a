"""The parent of the workers forks one a lane, another when it has ended, and one to take over when it stands still.

So a fault that ends a worker costs a fork, not the imports of a new process.
"""

import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from lab.launcher.kernel import end_with_parent
from tests.faults.armed import Armed

_SIGNALS = {signal.SIGTERM, signal.SIGCHLD}
_WANTED = (0, -signal.SIGKILL)
"""The ends that a campaign gives a worker: told to stop, or killed."""


@dataclass
class Lane:
    """One configuration, the folder that arms its workers, and the worker that has not been stopped."""

    config: str
    armed: Armed
    pid: int = 0


class Parent:
    """Keeps one worker a lane running until one fails by itself, or the parent is told to stop.

    ``work`` is what a worker does; it returns the exit code.
    """

    def __init__(self, lanes: list[Lane], work: Callable[[Lane], int]) -> None:
        self._lanes = lanes
        self._work = work

    def run(self) -> int:
        """Return the exit code of the worker that failed by itself; 0 when told to stop and all did."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        for lane in self._lanes:
            self._fork(lane)
        while signal.sigwait(_SIGNALS) == signal.SIGCHLD:
            if code := self._look_at_children():
                return abs(code)
        return self._stop()

    def _look_at_children(self) -> int:
        """Fork for those that were ended or stopped; returns the exit code of one that failed by itself.

        One that was stopped, woken and told to end may be seen first when it has ended.
        """
        with contextlib.suppress(ChildProcessError):
            while (change := os.waitpid(-1, os.WNOHANG | os.WUNTRACED))[0]:
                pid, status = change
                lane = next((lane for lane in self._lanes if lane.pid == pid), None)
                if lane is None:
                    continue
                if not os.WIFSTOPPED(status) and (code := os.waitstatus_to_exitcode(status)) not in _WANTED:
                    sys.stderr.write(f"worker {pid} of {lane.config} failed by itself: {code}\n")
                    return code
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
            code = self._work(lane)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
