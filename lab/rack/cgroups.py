"""A control group (version 2) for each machine: how all its processes are found, frozen and killed."""

import contextlib
import os
import time
from pathlib import Path

from lab.privileges.control_groups import hierarchy
from lab.rack.errors import RackError

EMPTY_DEADLINE_S = 10


def root() -> Path:
    """The group in which machines have theirs: the hierarchy's root, or what of it was delegated to us."""
    mounted = hierarchy()
    if mounted is None:
        raise RackError("No cgroup2 hierarchy is mounted, which machines need: mount -t cgroup2 none /sys/fs/cgroup.")
    return mounted


def of_machine(netns: str) -> Path:
    """The group of the machine that has this network namespace."""
    return root() / netns


def make(group: Path) -> None:
    """Make the group anew, empty."""
    remove(group)
    group.mkdir()


def join(group: Path) -> None:
    """Move this process into the group.

    Raises:
        RackError: It may not, since it does not come from where the group was delegated.
    """
    try:
        (group / "cgroup.procs").write_text(str(os.getpid()))
    except OSError as error:
        raise RackError(
            f"The rack's process is in another tree of control groups than {group}: {error}. Bring the "
            "rack up from where a group is delegated (docs/operator/rootless.md)."
        ) from error


def kill(group: Path) -> None:
    """Kill every process of the group at once, frozen or not; a group that is not there has none."""
    with contextlib.suppress(FileNotFoundError):
        (group / "cgroup.kill").write_text("1")


def freeze(group: Path, frozen: bool) -> None:
    """Stop or resume every process of the group at once; a group that is not there has none."""
    with contextlib.suppress(FileNotFoundError):
        (group / "cgroup.freeze").write_text("1" if frozen else "0")


def remove(group: Path) -> None:
    """Kill what is in the group, and remove it with the groups that the machine's systemd made below it."""
    if not group.exists():
        return
    kill(group)
    deadline = time.monotonic() + EMPTY_DEADLINE_S
    for folder in sorted((path for path in [group, *group.rglob("*")] if path.is_dir()), reverse=True):
        _remove_when_empty(folder, deadline)


def remove_all(rack_name: str) -> None:
    """Remove the groups of all machines of a rack, whoever left them."""
    for group in root().glob(f"cp-{rack_name}-m*"):
        remove(group)


def _remove_when_empty(folder: Path, deadline: float) -> None:
    while True:
        try:
            folder.rmdir()
            return
        except FileNotFoundError:
            return
        except OSError as error:
            if time.monotonic() > deadline:
                raise RackError(f"Processes in {folder} do not end within {EMPTY_DEADLINE_S} s: {error}") from error
            time.sleep(0.005)
