"""Which cells a run tries."""

import os
import subprocess
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path
from random import Random

from tests.faults.matrix import Cell, cells

_ROOT = Path(__file__).parents[2]


def matching(patterns: Sequence[str]) -> list[Cell]:
    """Return the cells whose id matches one of the patterns (``cluster.delete/*/kill``); all, if there is none."""
    return [cell for cell in cells() if not patterns or any(fnmatch(cell.id, pattern) for pattern in patterns)]


def kills_and_a_third(seed: int) -> list[Cell]:
    """Return all kills, and a third of the rest that ``seed`` chooses; in the matrix's order."""
    rest = [cell for cell in cells() if cell.fault != "kill"]
    third = set(Random(seed).sample(rest, len(rest) // 3))
    return [cell for cell in cells() if cell.fault == "kill" or cell in third]


def commit() -> str:
    """Return the commit that is checked out, shortened; nothing where there is none."""
    command = ["git", "rev-parse", "--short=8", "HEAD"]
    return subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False).stdout.strip()


def seed() -> int:
    """Return what the third of a test run is chosen by: ``CLOUDPOINT_FAULTS_SEED``, else the commit."""
    given = os.environ.get("CLOUDPOINT_FAULTS_SEED")
    return int(given) if given else int(commit() or "0", 16)
