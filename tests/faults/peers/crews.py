"""The systems that are compared: their workers, and whether they can be run here."""

import sys
from pathlib import Path

from lab.rack.settings import default_cache_root
from tests.faults.peers.lane import PeerLane
from tests.faults.stage import OURS, Crew

_WORKER = ("-m", "tests.faults.peers.worker")


def python_with_dbos() -> Path:
    """Return the Python of the environment that DBOS is installed in, beside what a worker of ours needs."""
    return default_cache_root() / "peers/bin/python"


def missing(name: str) -> str:
    """Say why a system can't be run here; nothing if it can."""
    if name == "dbos" and not python_with_dbos().exists():
        return "DBOS is not installed: `make faults-peers` installs it"
    return ""


def crews() -> dict[str, Crew]:
    """Return all systems by name."""
    return {
        "ours": OURS,
        "naive": Crew((sys.executable, *_WORKER, "naive"), PeerLane),
        "dbos": Crew((str(python_with_dbos()), *_WORKER, "dbos"), PeerLane),
    }
