"""The keeper's own program, run as root of the new namespaces: `python -m lab.privileges.keep FOLDER GROUP ABOVE`."""

import contextlib
import os
import select
import sys
from pathlib import Path

from lab.privileges import control_groups, keeper


def main(folder: Path, group: str, above: int) -> None:
    """Hold the namespaces until nothing is left in `group`, then remove it; `above` is a descriptor of its parent."""
    mounted = control_groups.hierarchy()
    assert mounted is not None  # namespaces.sh has mounted on it
    with keeper.held(folder, group), (mounted / "cgroup.events").open() as events:
        _say_ready()
        while True:
            _wait_until_empty(events.fileno())
            with keeper.starting(folder):
                if not _is_populated(events.fileno()):
                    _remove(mounted, above, Path(group).name)
                    return


def _say_ready() -> None:
    os.write(sys.stdout.fileno(), b"ready\n")
    os.dup2(sys.stdin.fileno(), sys.stdout.fileno())


def _wait_until_empty(events: int) -> None:
    """The kernel tells of each change of cgroup.events as an exceptional condition (cgroups(7))."""
    poll = select.poll()
    poll.register(events, select.POLLPRI)
    while _is_populated(events):
        poll.poll()


def _is_populated(events: int) -> bool:
    return b"populated 1" in os.pread(events, 4096, 0)


def _remove(mounted: Path, above: int, name: str) -> None:
    """The group's own name is hidden by what is mounted, so it is removed by the folder that it is in."""
    for folder in sorted((path for path in mounted.rglob("*") if path.is_dir()), reverse=True):
        folder.rmdir()
    with contextlib.suppress(OSError):  # whoever delegated it has removed it already
        os.rmdir(name, dir_fd=above)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
