"""Bugs that are planted on purpose: each is a patch in ``bugs/``, and a campaign that does not find one is no good."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import msgspec

from tests.faults.choice import matching
from tests.faults.results import Document, Hunt

_ROOT = Path(__file__).parents[2]
_BUGS = Path(__file__).with_name("bugs")
_CELL = re.compile(r"^Cell: (\S+)$", re.MULTILINE)
_SIDE_BY_SIDE = 2
_LANES = 3
_WAIT_SECONDS = 15.0
"""How long a cell of a tree with a bug is waited for: most bugs are found by something that never comes."""
_HUNT_SECONDS = 900


class Bug(NamedTuple):
    """A patch, what it breaks in one sentence, and the cells (as patterns) of which at least one must fail by it."""

    name: str
    sentence: str
    cells: tuple[str, ...]
    patch: Path


def known() -> list[Bug]:
    """Return all planted bugs, by name."""
    return [_bug_of(patch) for patch in sorted(_BUGS.glob("*.patch"))]


def problems(bugs: Sequence[Bug]) -> Iterator[str]:
    """Say what is wrong with the patches: one that fits no more, or names no cell that there is."""
    for bug in bugs:
        checked = subprocess.run(["git", "apply", "--check", str(bug.patch)], cwd=_ROOT, capture_output=True, text=True)
        if checked.returncode:
            yield f"{bug.name} does not fit any more: make it anew\n{checked.stderr}"
        if not bug.sentence or not bug.cells:
            yield f"{bug.name} does not say what it breaks, or names no cell that finds it"
        yield from (f"{bug.name}: there is no cell {cell}" for cell in bug.cells if not matching([cell]))


def hunts(bugs: Sequence[Bug]) -> Iterator[Hunt]:
    """Try the cells of each bug on a tree that has it, a few trees side by side."""
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as threads:
        yield from threads.map(_hunt, bugs)


def _bug_of(patch: Path) -> Bug:
    head = patch.read_text().partition("\ndiff --git ")[0]
    return Bug(patch.stem, head.partition("\n")[0], tuple(_CELL.findall(head)), patch)


def _hunt(bug: Bug) -> Hunt:
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="cloudpoint-bug-") as folder:
        tree, report = Path(folder) / "tree", Path(folder) / "report.json"
        try:
            _plant(bug, tree)
            said = _tried(bug, tree, report)
        except subprocess.SubprocessError as error:
            return Hunt(bug=bug.name, seconds=time.monotonic() - begun, trouble=str(error))
        seconds = round(time.monotonic() - begun, 1)
        if not report.exists():
            return Hunt(bug=bug.name, seconds=seconds, trouble=f"nothing was tried: {said[-2000:]}")
        cells = msgspec.json.decode(report.read_bytes(), type=Document).cells
    return Hunt(bug=bug.name, seconds=seconds, found_by=tuple(cell.cell for cell in cells if not cell.ok))


def _plant(bug: Bug, tree: Path) -> None:
    """Copy this checkout as it stands, without what git does not know, and put the bug in."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=_ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        source, target = _ROOT / name, tree / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    subprocess.run(["git", "apply", str(bug.patch)], cwd=tree, capture_output=True, check=True)


def _tried(bug: Bug, tree: Path, report: Path) -> str:
    """Run the campaign of a tree on a bug's cells; returns what it printed."""
    options = ["--lanes", str(_LANES), "--seconds", str(_WAIT_SECONDS), "--report", str(report)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", *options, *bug.cells],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_HUNT_SECONDS,
        check=False,
    )
    return done.stdout
