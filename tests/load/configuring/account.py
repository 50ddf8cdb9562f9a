"""The CPU of this process and of all that it starts, sandboxes and what outlives its parent included."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.launcher.processes import wait_until
from services.runner.adapters.sandbox.cgroup import found_hierarchies

# What was killed is gone from a group a moment later.
END_SECONDS = 5.0


@dataclass(frozen=True)
class Account:
    """A control group of the unified tree, which counts the time of all groups below it too (cgroups(7), cpu.stat)."""

    folder: Path

    def seconds(self) -> float:
        """Seconds of CPU that were spent in it so far."""
        lines = (self.folder / "cpu.stat").read_text().splitlines()
        return int(dict(line.split() for line in lines)["usage_usec"]) / 1e6


@contextmanager
def account() -> Iterator[Account]:
    """Be in a group of our own while the block runs: what is started meanwhile is counted."""
    home = next(tree.folder for tree in found_hierarchies() if tree.unified)
    own = home / f"cloudpoint-bench-{os.getpid()}"
    own.mkdir()
    try:
        (own / "cgroup.procs").write_text(str(os.getpid()))
        yield Account(own)
    finally:
        (home / "cgroup.procs").write_text(str(os.getpid()))
        wait_until(lambda: not (own / "cgroup.procs").read_text(), END_SECONDS)
        own.rmdir()
