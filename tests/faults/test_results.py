"""An interrupted run goes on where it was: with what was ok of the same commit."""

import json

from tests.faults import matrix
from tests.faults.results import Result, Results
from tests.faults.telling import summary

_CELLS = matrix.cells()[:3]


def _result(cell, ok=True):
    return Result(cell=cell.id, ok=ok, seconds=1.0, differs=() if ok else ("a stack is left",))


def test_what_was_ok_is_kept_and_the_rest_is_tried_again(tmp_path):
    path = tmp_path / "state/report.json"
    first = Results(path, "c0ffee", _CELLS)
    first.add(_result(_CELLS[0]))
    first.add(_result(_CELLS[1], ok=False))
    again = Results(path, "c0ffee", _CELLS, keep=True)
    assert again.missing == _CELLS[1:] and [one.cell for one in again.all] == [_CELLS[0].id]
    again.add(_result(_CELLS[1]))
    assert not json.loads(path.read_text())["ok"]
    again.add(_result(_CELLS[2]))
    assert json.loads(path.read_text())["ok"]


def test_nothing_is_kept_of_another_commit_or_if_not_asked_for(tmp_path):
    path = tmp_path / "report.json"
    Results(path, "c0ffee", _CELLS).add(_result(_CELLS[0]))
    assert Results(path, "facade", _CELLS, keep=True).missing == _CELLS
    assert Results(path, "c0ffee", _CELLS).missing == _CELLS


def test_a_campaign_that_broke_off_is_not_ok(capsys):
    results = Results(None, "c0ffee", _CELLS)
    results.add(_result(_CELLS[0]))
    assert summary(results) == 1
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "2 cells were not tried: --go-on tries them, and those that failed",
        "faults: failed, 1 of 3 cells",
    ]
