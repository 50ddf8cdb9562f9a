"""What a person sees of an operation."""

import io
from typing import Any

import msgspec
import pytest
from rich.console import Console

from clients.cli.tests.examples import matrix, operation, step, unit
from cloudpoint.command.picture import outcome, picture, step_line
from cloudpoint.generated import types


def drawn(shape: Any, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    console.print(shape)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def as_operation(**changes: Any) -> types.Operation:
    return msgspec.convert(operation(**changes), types.Operation)


def as_matrix(*cells: tuple[str, str, str]) -> types.Matrix:
    return msgspec.convert(matrix(*cells), types.Matrix)


def test_steps_with_time_taken_and_time_left() -> None:
    text = drawn(picture(as_operation(), None))
    assert "about 1:01 left" in text
    assert "✓ Hold machines  1:30" in text
    assert "▶ Configure" in text
    assert "1 of 4 done" in text


def test_the_matrix_has_a_mark_for_each_cell() -> None:
    cells = as_matrix(
        ("a", "users", "ok"), ("a", "munge", "failed"), ("b", "users", "changed"), ("b", "munge", "running")
    )
    lines = [line.split() for line in drawn(picture(as_operation(), cells)).splitlines()[-3:]]
    assert lines == [["host", "users", "munge"], ["a", "✓", "✗"], ["b", "✓", "▶"]]


def test_states_that_this_version_does_not_know() -> None:
    text = drawn(
        picture(as_operation(state="dreaming", steps=[step("Nap", "asleep")]), as_matrix(("a", "users", "odd")))
    )
    assert "dreaming" in text
    assert "? Nap" in text
    assert text.splitlines()[-1].split() == ["a", "?"]


def test_a_reason_says_what_to_do_and_shows_the_evidence() -> None:
    reason = {"slug": "element-failed", "sentence": "Munge failed on a.", "evidence": "exit 1", "runbook": "/r.md"}
    text = drawn(outcome(as_operation(state="parked", reason=reason), None))
    for part in ("parked", "element-failed", "Munge failed on a.", "exit 1", "/r.md"):
        assert part in text


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"phase": "undo"}, "↶ undo: Machines  1:30"),
        ({"state": "failed"}, "✗ Machines  1:30"),
        ({"state": "pending", "started_at": None, "ended_at": None}, "· Machines"),
    ],
)
def test_a_step(changes: dict[str, Any], line: str) -> None:
    told = {**step("Machines", "done"), **changes}
    if told["state"] == "failed":
        told["ended_at"] = "2026-11-21T13:13:57Z"
    assert step_line(msgspec.convert(told, types.StepView)).plain.rstrip() == line


def test_parts_that_say_the_same_are_told_together() -> None:
    units = [unit(f"compute-{n}", "waiting", "0 of 32 machines") for n in range(5)] + [unit("head-0", "done", "old")]
    told = step("Machines", "running", units=units)
    line = step_line(msgspec.convert(told, types.StepView), with_time=False).plain
    assert line == "▶ Machines  compute-0, compute-1, compute-2 …: 0 of 32 machines"
