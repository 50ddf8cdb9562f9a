"""The comparison tries all kills with each system, and counts what came of its cells."""

from tests.faults import matrix
from tests.faults.peers.choice import LEFT_OUT, compared
from tests.faults.peers.comparison import Comparison, table
from tests.faults.results import Result

_KILL, _LATE = "cluster.build/forward/verify/effect/kill", "cluster.build/forward/verify/effect/time-out"


def _result(cell, *differs, resumed=False, seconds=2.0):
    return Result(cell=cell, lane="naive-0", ok=not differs, seconds=seconds, resumed=resumed, differs=differs)


def test_all_kills_are_tried_and_some_of_each_other_fault():
    chosen, every = compared(), matrix.cells()
    kills = {cell for cell in every if cell.fault == "kill" and cell.step != matrix.NUDGES}
    assert kills == {cell for cell in chosen if cell.fault == "kill"}
    assert {cell.fault for cell in chosen} == set(matrix.FAULTS) - set(LEFT_OUT)
    assert chosen == compared()


def test_the_table_counts_cells_and_what_was_found_in_those_that_failed():
    events, runs = "events that were lost: ['a']", "runs that the runner was given: ['apply', 'apply'], not ['apply']"
    naive = [_result(_KILL), _result(_KILL, events, events, runs), _result(_LATE, resumed=True, seconds=3.0)]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table({"naive": naive})]
    assert rows[2:] == [
        ["naive", "kill", "2", "1", "0", "1", "2.0 s", "1 doubles, 1 lost events"],
        ["naive", "time-out", "1", "0", "1", "0", "3.0 s", ""],
        ["naive", "all", "3", "1", "1", "1", "2.0 s", "1 doubles, 1 lost events"],
    ]


def test_a_cell_whose_fault_did_not_happen_judges_nobody():
    missed = _result(_KILL, "the fault did not happen: nothing came to it")
    assert Comparison("c0ffee", {"naive": [_result(_LATE), missed]}, LEFT_OUT).unproven == [f"naive: {_KILL}"]
