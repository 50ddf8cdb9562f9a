"""The keeper: a process that holds a user's namespaces, so that one command after the other can enter them.

All that was entered, and what it started, is in one control group, in which machines have groups of their own. The
keeper ends when that is empty, and the namespaces with it.
"""

import contextlib
import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.privileges import control_groups

SCRIPT = Path(__file__).resolve().parent / "namespaces.sh"
REPOSITORY = Path(__file__).resolve().parents[2]
GROUP = "cloudpoint"


class KeeperFailed(Exception):
    """The namespaces could not be made; `str()` has what the kernel refused."""


@dataclass(frozen=True)
class Keeper:
    """A living keeper: its pid, and the control group of all that was entered, as seen from outside."""

    pid: int
    group: Path


def folder_of(cache: Path) -> Path:
    """Where the keeper of this cache has its files."""
    return cache.absolute() / "rootless"


def lives(cache: Path) -> bool:
    """Whether there is a keeper."""
    return _living(folder_of(cache)) is not None


def enter(cache: Path) -> Keeper:
    """Find the keeper or start one, and move this process into the group, which keeps it.

    Raises:
        KeeperFailed: The kernel refused something.
    """
    folder = folder_of(cache)
    folder.mkdir(parents=True, exist_ok=True)
    with starting(folder):
        found = _living(folder)
        if found is None:
            return _start(folder)
        with contextlib.suppress(OSError):  # from a group that is not delegated: enough to look, and to take down
            _move(os.getpid(), found.group)
        return found


@contextlib.contextmanager
def starting(folder: Path) -> Iterator[None]:
    """Nobody else starts, enters or ends while the block runs."""
    with (folder / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def held(folder: Path, group: str) -> Iterator[None]:
    """Be the keeper while the block runs: the lock on the record says that it lives."""
    with (folder / "keeper").open("a+") as record:
        fcntl.flock(record, fcntl.LOCK_EX)
        record.truncate(0)
        record.write(f"{os.getpid()} {group}")
        record.flush()
        yield


def _living(folder: Path) -> Keeper | None:
    try:
        record = (folder / "keeper").open()
    except FileNotFoundError:
        return None
    with record:
        try:
            fcntl.flock(record, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            pid, _, group = record.read().partition(" ")
            return Keeper(int(pid), Path(group))
        return None


def _start(folder: Path) -> Keeper:
    mounted = control_groups.hierarchy()
    assert mounted is not None  # else this way is not chosen
    above = control_groups.own_group(mounted)
    group = above / GROUP
    group.mkdir(exist_ok=True)
    _move(os.getpid(), group)
    (folder / "run").mkdir(exist_ok=True)
    pid = _spawn(folder, mounted, group)
    _move(pid, above)
    return Keeper(pid, group)


def _spawn(folder: Path, mounted: Path, group: Path) -> int:
    """Start the process that makes the namespaces and then keeps them; return when it says that they are there."""
    above = os.open(group.parent, os.O_PATH)
    make = ["unshare", "--user", "--map-root-user", "--map-auto", "--mount", "--cgroup"]
    ready = [str(SCRIPT), str(mounted), str(group), str(folder / "run")]
    keep = [sys.executable, "-m", "lab.privileges.keep", str(folder), str(group), str(above)]
    log = folder / "keeper.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [*make, *ready, *keep], pass_fds=[above], cwd=REPOSITORY, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
        )  # fmt: skip
    os.close(above)
    assert process.stdout
    if process.stdout.readline() != b"ready\n":
        process.wait()
        raise KeeperFailed(f"A user namespace for machines could not be made: {log.read_text().strip()}")
    return process.pid


def _move(pid: int, group: Path) -> None:
    (group / "cgroup.procs").write_text(str(pid))
