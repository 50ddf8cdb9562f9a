"""The reviewed matrix of cells (``matrix.yaml``), and what the sagas' own tables say about it."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from services.chassis.saga import Saga
from tests.faults.armed import Place

POINTS = ("before", "effect", "reply", "commit")
FAULTS = ("kill", "time-out", "5xx", "duplicate", "reorder", "database", "broker")
PHASES = ("forward", "undo")
EVENTS = "(events)"
NUDGES = "(nudges)"
"""The rows of each way that are no steps: what is told of all its steps, and what is heard of that ends their waits."""
_APPLIES = "+"
_FILE = Path(__file__).with_name("matrix.yaml")

Document = Mapping[str, Any]


class Cell(NamedTuple):
    """One fault at one point of one step's way; ``call`` is the outside call that the point lies at, if it does."""

    saga: str
    phase: str
    step: str
    point: str
    fault: str
    call: str = ""
    named: bool = False

    @property
    def id(self) -> str:
        """What names it on a command line; with its call where the step makes several."""
        parts = [*self[:5], self.call.replace(" ", "-")] if self.named else self[:5]
        return "/".join(map(str, parts))

    @property
    def place(self) -> Place:
        """Where its fault happens. A commit is told of by an event, which is what can be delivered twice then."""
        call = "event" if (self.fault, self.point) == ("duplicate", "commit") else self.call
        return Place(self.saga, self.phase, self.step, self.point, call)


@cache
def reviewed() -> Document:
    """Return what the file holds: the reasons, and by saga and phase the rows of the steps."""
    document: Document = yaml.safe_load(_FILE.read_text())
    return document


def cells() -> list[Cell]:
    """Return every cell that applies, in the file's order."""
    return [cell for row in _rows(reviewed()) for cell in row.cells()]


def calls(saga: str, phase: str) -> dict[str, list[str]]:
    """Return the outside calls that each step of a way may make."""
    return {row.step: row.calls for row in _rows(reviewed()) if (row.saga, row.phase) == (saga, phase)}


def problems(sagas: Mapping[str, Saga], document: Document | None = None) -> list[str]:
    """Return what is wrong with the matrix by the sagas' own tables: a row, a cell or a reason that is not there."""
    document = document or reviewed()
    return [*_missing_rows(sagas, document), *(p for row in _rows(document) for p in row.problems(document["reasons"]))]


class _Row(NamedTuple):
    saga: str
    phase: str
    step: str
    calls: list[str]
    marks: dict[str, list[str]]

    def cells(self) -> Iterator[Cell]:
        several = len(self.calls) > 1
        for fault, marks in self.marks.items():
            for point, mark in zip(POINTS, marks, strict=True):
                for call in self.calls if point in ("before", "effect") else [""]:
                    if mark == _APPLIES:
                        yield Cell(self.saga, self.phase, self.step, point, fault, call, several and call != "")

    def problems(self, reasons: Mapping[str, str]) -> Iterator[str]:
        name = f"{self.saga} {self.phase} {self.step}"
        for fault in FAULTS:
            marks = self.marks.get(fault, [])
            if len(marks) != len(POINTS):
                yield f"{name}: {fault} needs a mark for each of {', '.join(POINTS)}"
            for point, mark in zip(POINTS, marks, strict=False):
                if mark != _APPLIES and mark not in reasons:
                    yield f"{name}: {fault} {point} is neither {_APPLIES} nor one of the reasons, but {mark}"
                if mark == _APPLIES and point in ("before", "effect") and not self.calls:
                    yield f"{name}: {fault} {point} applies, but the step calls nobody"
        yield from (f"{name}: there is no fault {fault}" for fault in self.marks if fault not in FAULTS)


def _rows(document: Document) -> Iterator[_Row]:
    for saga, phases in document["sagas"].items():
        for phase, steps in phases.items():
            for step, row in steps.items():
                if step != "never" and "never" not in row:
                    marks = {fault: str(text).split() for fault, text in row.items() if fault != "calls"}
                    yield _Row(saga, phase, step, row["calls"], marks)


def _missing_rows(sagas: Mapping[str, Saga], document: Document) -> Iterator[str]:
    yield from (f"there is no saga {name}" for name in document["sagas"] if name not in sagas)
    for saga in sagas.values():
        for phase in PHASES:
            rows = document["sagas"].get(saga.name, {}).get(phase, {})
            if phase == "undo" and not saga.reversible:
                if not rows.get("never"):
                    yield f"{saga.name} can't be undone, and the matrix does not say so"
                continue
            yield from _missing_steps(saga, phase, rows)


def _missing_steps(saga: Saga, phase: str, rows: Mapping[str, Any]) -> Iterator[str]:
    names = {step.name for step in saga.steps}
    yield from (f"{saga.name} has no step {name}" for name in rows if name not in names | {EVENTS, NUDGES})
    yield from (f"{saga.name} {phase} has no row {name}" for name in (EVENTS, NUDGES) if name not in rows)
    for step in saga.steps:
        runs = phase == "forward" or step.undo is not None
        if step.name not in rows:
            yield f"{saga.name} {phase} {step.name} has no row"
        elif runs and "never" in rows[step.name]:
            yield f"{saga.name} {phase} {step.name} is run, but the matrix says never"
        elif not runs and not rows[step.name].get("never"):
            yield f"{saga.name} {phase} {step.name} is never run, and its row gives no reason"
