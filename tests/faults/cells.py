"""The reviewed list of places where a worker can be killed, and what the sagas' own tables say about it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from services.chassis.saga import Saga
from tests.faults.armed import Place

POINTS = ("before", "effect", "reply", "commit")
_FILE = Path(__file__).with_name("cells.yaml")


def reviewed() -> dict[str, dict[str, dict[str, Any]]]:
    """Return what the file holds: saga, phase, step, and what is known of it."""
    document: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load(_FILE.read_text())
    return document


def places(saga: str, phase: str, *points: str) -> set[Place]:
    """Return the places of one way of a saga at these points (all, if none is named) that the file calls reachable."""
    steps = reviewed()[saga][phase]
    return {
        Place(saga, phase, step, point, call)
        for step, row in steps.items()
        if "never" not in row
        for point in points or POINTS
        for call in (row["calls"] if point in ("before", "effect") else ("",))
    }


def missing(sagas: dict[str, Saga]) -> list[str]:
    """Return what is wrong with the file by the sagas' own tables: a row or a reason that is not there."""
    return [problem for saga in sagas.values() for problem in _missing_of(saga)]


def _missing_of(saga: Saga) -> Iterator[str]:
    known = reviewed().get(saga.name, {})
    for phase in ("forward", "undo"):
        rows = known.get(phase, {})
        if phase == "undo" and not saga.reversible:
            if not rows.get("never"):
                yield f"{saga.name} can't be undone, and the file does not say so"
            continue
        for step in saga.steps:
            row = rows.get(step.name)
            runs = phase == "forward" or step.undo is not None
            if row is None:
                yield f"{saga.name} {phase} {step.name} has no row"
            elif runs and "never" in row:
                yield f"{saga.name} {phase} {step.name} is run, but the file says never"
            elif not runs and "never" not in row:
                yield f"{saga.name} {phase} {step.name} is never run, and its row gives no reason"
            elif runs and not row["calls"] and not row.get("why"):
                yield f"{saga.name} {phase} {step.name} calls nobody, and its row gives no reason"
