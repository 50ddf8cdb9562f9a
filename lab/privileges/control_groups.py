"""The version 2 hierarchy of control groups: where it is, and where in it this process is."""

from pathlib import Path

HYBRID = Path("/sys/fs/cgroup/unified")
UNIFIED = Path("/sys/fs/cgroup")


def hierarchy() -> Path | None:
    """Where version 2 is mounted: beside version 1 on a hybrid host, else as the whole; None if nowhere."""
    return next((place for place in (HYBRID, UNIFIED) if (place / "cgroup.procs").exists()), None)


def own_group(mounted: Path) -> Path:
    """The group that this process is in (cgroups(7): the line of hierarchy 0)."""
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    place = next(line.removeprefix("0::") for line in lines if line.startswith("0::"))
    return mounted / place.lstrip("/")
