"""Where figures were taken: the commit and the machine, without which they mean nothing."""

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def commit() -> dict[str, Any]:
    """The commit that is checked out, and whether files differ from it; of an archive without git nothing is known."""
    try:
        return {"id": _git("rev-parse", "HEAD"), "changed_files": len(_git("status", "--porcelain").splitlines())}
    except (OSError, subprocess.CalledProcessError):
        return {"id": None, "changed_files": None}


def machine() -> dict[str, Any]:
    """Cores, memory, kernel, and how busy it was."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "memory_gib": round(memory_bytes / 2**30, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(": ", 1)[1] for line in lines if line.startswith("model name")), platform.machine())


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=20, check=True)
    return done.stdout.strip()
