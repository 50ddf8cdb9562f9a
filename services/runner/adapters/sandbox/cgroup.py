"""A control group for each sandbox: limits on memory, processes and processor, and the surest way to end all of it.

Both layouts are known: one unified tree (cgroup v2), and a tree per controller (v1, or both mixed). What can't be had
on a machine is named in ``missing``; ending a sandbox never depends on it: its process namespace ends as one.
"""

import asyncio
import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

CONTROLLERS = ("memory", "pids", "cpu")
_PERIOD_US = 100_000
"""The scheduler's period against which a share of processor time is counted (the kernel's default)."""


@dataclass(frozen=True)
class Limits:
    """What one sandbox may use: bytes of memory (its files included), processes, processors (1.5 = one and a half)."""

    memory_bytes: int
    processes: int
    processors: float


@dataclass(frozen=True)
class Hierarchy:
    """One mounted tree of control groups, at this process's own place in it."""

    folder: Path
    unified: bool
    controllers: frozenset[str]


@dataclass
class ControlGroup:
    """The control group of one sandbox: a folder in each hierarchy."""

    folders: tuple[Path, ...]
    missing: tuple[str, ...]

    def entrances(self) -> list[str]:
        """Return the files into which a process writes its id to join."""
        return [str(folder / "cgroup.procs") for folder in self.folders]

    def processes(self) -> set[int]:
        """Return the ids of all processes in it."""
        found: set[int] = set()
        for folder in self.folders:
            with suppress(OSError):
                found |= {int(line) for line in (folder / "cgroup.procs").read_text().split()}
        return found

    def ran_out_of_memory(self) -> bool:
        """Say whether the kernel ended a process in it for want of memory."""
        for name in ("memory.events", "memory.oom_control"):
            for folder in self.folders:
                with suppress(OSError):
                    counts = dict(line.split() for line in (folder / name).read_text().splitlines())
                    if int(counts.get("oom_kill", 0)) > 0:
                        return True
        return False

    async def end(self, seconds: float = 5) -> None:
        """Kill everything in it and remove it. Raises TimeoutError if processes outlive their kill."""
        end = time.monotonic() + seconds
        while True:
            self._kill()
            if not self.processes():
                break
            if time.monotonic() > end:
                raise TimeoutError(f"Processes {sorted(self.processes())} of a sandbox do not die.")
            await asyncio.sleep(0.01)
        await self._remove(end)

    def _kill(self) -> None:
        for folder in self.folders:
            with suppress(OSError):
                (folder / "cgroup.kill").write_text("1")
        for process in self.processes():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    async def _remove(self, end: float) -> None:
        for folder in self.folders:
            while folder.exists():
                with suppress(OSError):
                    folder.rmdir()
                    break
                if time.monotonic() > end:
                    raise TimeoutError(f"The control group {folder} can't be removed.")
                await asyncio.sleep(0.01)


class ControlGroups:
    """Makes control groups below this process's own. ``owner`` keeps those of several runners on a machine apart."""

    def __init__(self, owner: str, hierarchies: tuple[Hierarchy, ...] | None = None) -> None:
        self._prefix = f"cloudpoint-{owner}-"
        self._hierarchies = hierarchies if hierarchies is not None else found_hierarchies()

    def create(self, name: str, limits: Limits) -> ControlGroup:
        """Return a new control group with what limits this machine allows."""
        folders: list[Path] = []
        limited: set[str] = set()
        for hierarchy in self._hierarchies:
            folder = hierarchy.folder / f"{self._prefix}{name}"
            with suppress(OSError):
                _delegate(hierarchy)
                folder.mkdir(exist_ok=True)
                folders.append(folder)
                limited |= _limit(folder, hierarchy, limits)
        return ControlGroup(tuple(folders), tuple(sorted(set(CONTROLLERS) - limited)))

    async def end_all(self) -> int:
        """End what an earlier process of the same owner left; return how many there were."""
        left: dict[str, list[Path]] = {}
        for hierarchy in self._hierarchies:
            for folder in hierarchy.folder.glob(f"{self._prefix}*"):
                left.setdefault(folder.name, []).append(folder)
        for folders in left.values():
            await ControlGroup(tuple(folders), ()).end()
        return len(left)


def found_hierarchies(
    mounts: str | None = None, memberships: str | None = None, wanted: tuple[str, ...] = CONTROLLERS
) -> tuple[Hierarchy, ...]:
    """Read from /proc which trees are mounted and where this process is in them (proc_pid_mountinfo(5), cgroups(7))."""
    mounted = mounts if mounts is not None else Path("/proc/self/mountinfo").read_text()
    places = _places(memberships if memberships is not None else Path("/proc/self/cgroup").read_text())
    found: dict[str, Hierarchy] = {}
    for line in mounted.splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ", 2)
        point = Path(left.split()[4])
        if kind == "cgroup2":
            folder = point / places.get("", "")
            found[""] = Hierarchy(folder, True, _controllers_of(folder))
        elif kind == "cgroup":
            for controller in set(options.rsplit(" ", 1)[-1].split(",")) & set(wanted):
                found[controller] = Hierarchy(point / places.get(controller, ""), False, frozenset({controller}))
    return tuple(found.values())


def _places(memberships: str) -> Mapping[str, str]:
    places: dict[str, str] = {}
    for line in memberships.splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            places[controller] = path.lstrip("/")
    return places


def _controllers_of(folder: Path) -> frozenset[str]:
    with suppress(OSError):
        return frozenset((folder / "cgroup.controllers").read_text().split()) & frozenset(CONTROLLERS)
    return frozenset()


def _delegate(hierarchy: Hierarchy) -> None:
    """Hand the controllers of a unified tree down to the groups below; a refusal shows later as a missing limit."""
    if hierarchy.unified:
        for controller in hierarchy.controllers:
            with suppress(OSError):
                (hierarchy.folder / "cgroup.subtree_control").write_text(f"+{controller}")


def _limit(folder: Path, hierarchy: Hierarchy, limits: Limits) -> set[str]:
    quota = int(limits.processors * _PERIOD_US)
    unified: dict[str, dict[str, object]] = {
        "memory": {"memory.max": limits.memory_bytes, "memory.oom.group": 1},
        "pids": {"pids.max": limits.processes},
        "cpu": {"cpu.max": f"{quota} {_PERIOD_US}"},
    }
    separate: dict[str, dict[str, object]] = {
        "memory": {"memory.limit_in_bytes": limits.memory_bytes},
        "pids": {"pids.max": limits.processes},
        "cpu": {"cpu.cfs_period_us": _PERIOD_US, "cpu.cfs_quota_us": quota},
    }
    files = unified if hierarchy.unified else separate
    return {controller for controller in hierarchy.controllers if _write(folder, files[controller])}


def _write(folder: Path, values: Mapping[str, object]) -> bool:
    try:
        for name, value in values.items():
            (folder / name).write_text(str(value))
    except OSError:
        return False
    return True
