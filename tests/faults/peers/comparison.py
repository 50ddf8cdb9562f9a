"""What came of the same cells with each system, as a table and as a file."""

import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from tests.faults.matrix import FAULTS
from tests.faults.results import Result

_KINDS = {
    "lost events": ("events that were lost",),
    "doubled events": ("events that took effect twice",),
    "misplaced events": ("the order of events",),
    "doubles": ("stacks that were made more", "runs that the runner", "runs of a phase beyond", "places of"),
    "orphans": (
        "left at the cloud",
        "at the cloud when",
        "stacks, to those",
        "servers, to those",
        "ports",
        "other things",
        "secrets and",
        "what node holds",
        "runs that go on",
        "runs whose machines",
    ),
    "stuck": ("waited for", "the operation is", "how the operations ended", "runs that have not ended"),
    "wrong rows": (
        "the cluster's state",
        "states of hosts",
        "hosts without",
        "machine groups",
        "its authority",
        "its hold",
    ),
}
"""What the oracle's sentences come to, by how they begin."""
_NEEDLESS = "makes a call that its row does not name"
_NOT_THERE = "the fault did not happen"
_HEAD = ("system", "fault", "cells", "by itself", "by a resume", "failed", "median", "found in those that failed")


class Comparison(msgspec.Struct, frozen=True):
    """The file: which commit was tried, the results of each system, and what was left out for what reason."""

    commit: str
    systems: dict[str, list[Result]]
    left_out: dict[str, str]

    def write(self, path: Path) -> None:
        """Keep it as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self)))

    @property
    def unproven(self) -> list[str]:
        """The cells that no system can be judged by: its fault did not happen."""
        return [
            f"{name}: {result.cell}"
            for name, results in self.systems.items()
            for result in results
            if any(sentence.startswith(_NOT_THERE) for sentence in result.differs)
        ]


def table(systems: Mapping[str, Sequence[Result]]) -> Iterator[str]:
    """Return the lines of the table, as Markdown has them."""
    rows = [_HEAD, tuple("-" * len(title) for title in _HEAD)]
    for name, results in systems.items():
        for fault in (*FAULTS, "all"):
            of_fault = [result for result in results if fault in ("all", result.cell.split("/")[4])]
            if of_fault:
                rows.append((name, fault, *_figures(of_fault)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    for row in rows:
        yield "| " + " | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) + " |"


def _figures(results: Sequence[Result]) -> tuple[str, ...]:
    by_itself = sum(result.ok and not result.resumed for result in results)
    resumed = sum(result.ok and result.resumed for result in results)
    failed = [result for result in results if not result.ok]
    found = Counter(kind for result in failed for kind in kinds_of(result))
    told = ", ".join(f"{number} {kind}" for kind, number in sorted(found.items(), key=lambda one: (-one[1], one[0])))
    median = f"{statistics.median(result.seconds for result in results):.1f} s"
    return str(len(results)), str(by_itself), str(resumed), str(len(failed)), median, told


def kinds_of(result: Result) -> set[str]:
    """Return what kinds of things were wrong in a cell that failed."""
    return {_kind_of(sentence) for sentence in result.differs}


def _kind_of(sentence: str) -> str:
    if _NEEDLESS in sentence:
        return "needless calls"
    return next((kind for kind, starts in _KINDS.items() if sentence.startswith(starts)), "other")
