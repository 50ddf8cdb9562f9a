"""Where the lab keeps its things, and what it needs of the host. The only module that reads the environment."""

import os
import shutil
from pathlib import Path

from lab.rack.errors import RackError

REPOSITORY = Path(__file__).resolve().parents[2]

# Program -> Debian package that has it.
REQUIRED_PROGRAMS = {
    "ip": "iproute2",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "mmdebstrap": "mmdebstrap",
    "apt-cacher-ng": "apt-cacher-ng",
}


def default_state_root() -> Path:
    """`$CLOUDPOINT_STATE`, else `.state` in the repository."""
    return Path(os.environ.get("CLOUDPOINT_STATE") or REPOSITORY / ".state")


def default_cache_root() -> Path:
    """`$CLOUDPOINT_CACHE`, else `~/.cache/cloudpoint`."""
    return Path(os.environ.get("CLOUDPOINT_CACHE") or Path.home() / ".cache" / "cloudpoint")


def build_environment() -> dict[str, str]:
    """The environment of a program that builds an image: a path with `sbin`, a fixed locale, and nothing of ours."""
    path = os.environ.get("PATH", "")
    return {"PATH": f"{path}:/usr/local/sbin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", "HOME": "/root"}


def require_root() -> None:
    """Raise `RackError` unless this process is root, of the machine or of a user namespace that stands for a user."""
    if os.geteuid() != 0:
        raise RackError("Machines need root. `python -m lab.privileges COMMAND` runs a command so, by sudo or without.")


def require_programs() -> None:
    """Raise `RackError` naming the Debian packages that are missing."""
    search = build_environment()["PATH"]
    missing = sorted({pkg for program, pkg in REQUIRED_PROGRAMS.items() if not shutil.which(program, path=search)})
    if missing:
        raise RackError(f"The rack needs programs that are not installed: apt-get install {' '.join(missing)}")
