"""An ordinary user for tests that run as root: the account is there in a mount namespace only, not on the machine."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.privileges import control_groups
from lab.privileges.identity import stand_in
from lab.privileges.needs import WANTED_IDS
from lab.rack.settings import REPOSITORY

NAME = "ordinary"
UID = 61432
FIRST_SUBORDINATE = 3_000_000_000
GONE_DEADLINE_S = 10
EMPTY = Path("/dev/null")


@dataclass(frozen=True)
class OrdinaryUser:
    """A user with a home. Without a control group nothing is delegated to them."""

    folder: Path
    group: Path | None = None

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def cache(self) -> Path:
        """Their `~/.cache/cloudpoint`."""
        return self.home / ".cache" / "cloudpoint"

    def python(self, *arguments: str, deadline_s: float = 60) -> "subprocess.CompletedProcess[str]":
        """Run this Python as the user, in the repository; there is no sudo."""
        become = ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", sys.executable, *arguments]
        script = "\n".join(["set -e", *map(shlex.join, self._view()), *self._join(), f"exec {shlex.join(become)}"])
        own = {"HOME": str(self.home), "CLOUDPOINT_STATE": str(self.home / "state")}
        environment = {**own, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
        return subprocess.run(
            ["unshare", "--mount", "/bin/bash", "-c", script],
            cwd=REPOSITORY, capture_output=True, text=True, timeout=deadline_s, env=environment,
        )  # fmt: skip

    def processes(self) -> list[str]:
        """Commands of all that runs as the user, or as one of their subordinates."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                uid = process.stat().st_uid
                if uid == UID or FIRST_SUBORDINATE <= uid < FIRST_SUBORDINATE + WANTED_IDS:
                    found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
        return found

    def _view(self) -> Iterator[list[str]]:
        for name in ("passwd", "subuid", "subgid"):
            yield ["mount", "--bind", str(self.folder / name), f"/etc/{name}"]
        if sudo := shutil.which("sudo"):
            yield ["mount", "--bind", str(EMPTY), sudo]
        yield from _opened((REPOSITORY, Path(sys.base_prefix)), self.folder / "stash")
        yield ["cd", str(REPOSITORY)]

    def _join(self) -> Iterator[str]:
        if self.group:
            yield f"echo $$ > {self.group}/cgroup.procs"


@contextmanager
def ordinary_user(*, delegated: bool, subordinates: int) -> Iterator[OrdinaryUser]:
    """A user, perhaps with a control group, and with so many subordinate ids. Skips the test where root is not root."""
    if os.geteuid() != 0 or stand_in():
        pytest.skip("only the machine's own root can make an ordinary user")
    with tempfile.TemporaryDirectory(prefix="ordinary-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        folder.chmod(0o755)
        _write_account(folder, subordinates)
        group = _delegate() if delegated else None
        user = OrdinaryUser(folder, group)
        try:
            yield user
        finally:
            _wait_until_gone(user)


def _write_account(folder: Path, subordinates: int) -> None:
    (folder / "stash").mkdir()
    home = folder / "home"
    (home / ".cache" / "cloudpoint").mkdir(parents=True)
    for path in (home, *home.rglob("*")):
        os.chown(path, UID, UID)
    account = f"{NAME}:x:{UID}:{UID}::{home}:/bin/sh\n"
    (folder / "passwd").write_text(Path("/etc/passwd").read_text() + account)
    for name in ("subuid", "subgid"):
        (folder / name).write_text(f"{NAME}:{FIRST_SUBORDINATE}:{subordinates}\n" if subordinates else "")


def _delegate() -> Path:
    """Make a control group and give it to the user (cgroup-v2.rst, Delegation)."""
    mounted = control_groups.hierarchy()
    if mounted is None:
        pytest.skip("no cgroup2 hierarchy is mounted")
    group = mounted / f"cloudpoint-{NAME}-{os.getpid()}"
    group.mkdir()
    for path in (group, *(group / f"cgroup.{name}" for name in ("procs", "subtree_control", "threads"))):
        os.chown(path, UID, UID)
    return group


def _wait_until_gone(user: OrdinaryUser) -> None:
    end = time.monotonic() + GONE_DEADLINE_S
    while user.processes() and time.monotonic() < end:
        time.sleep(0.05)
    assert user.processes() == []
    if user.group:
        user.group.rmdir()


def _opened(wanted: tuple[Path, ...], stash: Path) -> Iterator[list[str]]:
    """Commands after which others can get to these folders: a folder above that is closed shows nothing but them."""
    closed: dict[Path, list[Path]] = {}
    for path in wanted:
        for above in reversed(path.parents):
            if not above.stat().st_mode & 0o001:
                closed.setdefault(above, []).append(path)
                break
    for above, paths in closed.items():
        places = [stash / f"{above.name}-{number}" for number in range(len(paths))]
        for path, place in zip(paths, places, strict=True):
            yield ["mkdir", str(place)]
            yield ["mount", "--rbind", str(path), str(place)]
        yield ["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", str(above)]
        for path, place in zip(paths, places, strict=True):
            yield ["mkdir", "-p", str(path)]
            yield ["mount", "--move", str(place), str(path)]
            yield ["rmdir", str(place)]
