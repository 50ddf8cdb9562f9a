"""Child processes of the rack: forked from it after its imports, watched without threads, gone when it is gone."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

PR_SET_PDEATHSIG = 1  # prctl(2)
PR_SET_NAME = 15
MAX_DESCRIPTORS = 4096  # far above what the rack's process opens
_libc = ctypes.CDLL(None, use_errno=True)


def fork(name: str, log: Path, work: Callable[[], None]) -> int:
    """Run `work` in a child process and return its pid.

    The child starts as a clean program would: own session, default signals, no inherited descriptors but standard
    ones, output to `log` (a file, or a terminal that it does not control). The kernel kills it when its parent ends,
    however the parent ends. The parent must have no threads.
    """
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        _start_afresh(name, log, parent)
        work()
    except BaseException as error:
        print(f"{name}: {error!r}", file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)


def _die_with_parent(parent: int) -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


async def wait_for_exit(pid: int) -> int:
    """Wait, in the event loop, for a child to end; return its code as a shell would: 128 + signal if it was killed."""
    descriptor = os.pidfd_open(pid)
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    loop.add_reader(descriptor, lambda: None if ended.done() else ended.set_result(None))
    try:
        await ended
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
    return _reap(pid)


def _reap(pid: int) -> int:
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return 128 - code if code < 0 else code


def _start_afresh(name: str, log: Path, parent: int) -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    os.setsid()
    _die_with_parent(parent)
    _libc.prctl(PR_SET_NAME, name.encode()[:15], 0, 0, 0)
    null = os.open("/dev/null", os.O_RDONLY)
    output = os.open(log, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOCTTY, 0o600)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.closerange(3, MAX_DESCRIPTORS)
