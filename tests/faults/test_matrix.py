"""The matrix has a mark for each cell of each saga, and says why where a cell does not apply."""

from copy import deepcopy

from services.chassis.saga import Saga, Step
from services.cluster.sagas.table import SAGAS
from tests.faults import choice, matrix

_BUILD = SAGAS["cluster.build"]


async def _step(_ctx): ...


def test_the_matrix_fits_the_sagas():
    assert matrix.problems(SAGAS) == []


def test_each_reason_is_given_somewhere():
    document = matrix.reviewed()
    marks = {mark for row in matrix._rows(document) for marks in row.marks.values() for mark in marks}
    assert marks == {"+", *document["reasons"]}


def test_a_new_step_needs_a_row_both_ways():
    steps = (*_BUILD.steps, Step("mount_storage", "Mount storage", forward=_step, undo=_step))
    grown = {**SAGAS, _BUILD.name: Saga(_BUILD.name, version=2, steps=steps)}
    assert matrix.problems(grown) == [
        "cluster.build forward mount_storage has no row",
        "cluster.build undo mount_storage has no row",
    ]


def test_a_new_saga_needs_rows():
    grown = {**SAGAS, "cluster.scale": Saga("cluster.scale", version=1, steps=(Step("add", "Add", forward=_step),))}
    assert "cluster.scale forward add has no row" in matrix.problems(grown)


def test_a_step_that_gets_an_undo_is_no_longer_never_undone():
    undoes = [Step(one.name, one.title, forward=one.forward, undo=one.undo or _step) for one in _BUILD.steps]
    changed = {**SAGAS, _BUILD.name: Saga(_BUILD.name, version=2, steps=undoes)}
    assert "cluster.build undo enter_cloud is run, but the matrix says never" in matrix.problems(changed)


def test_a_mark_that_is_missing_or_unknown_is_told():
    document = deepcopy(matrix.reviewed())
    row = document["sagas"]["cluster.delete"]["forward"]["finish"]
    row["kill"], row["5xx"] = "nobody nobody +", "+ because ours ours"
    del row["broker"]
    assert matrix.problems(SAGAS, document) == [
        "cluster.delete forward finish: kill needs a mark for each of before, effect, reply, commit",
        "cluster.delete forward finish: 5xx before applies, but the step calls nobody",
        "cluster.delete forward finish: 5xx effect is neither + nor one of the reasons, but because",
        "cluster.delete forward finish: broker needs a mark for each of before, effect, reply, commit",
    ]


def test_a_third_holds_all_kills_and_comes_round():
    every, first, second = set(matrix.cells()), choice.kills_and_a_third(1), choice.kills_and_a_third(2)
    kills = {cell for cell in every if cell.fault == "kill"}
    assert kills <= set(first) and len(first) - len(kills) == (len(every) - len(kills)) // 3
    assert choice.kills_and_a_third(1) == first != second
    assert {cell for seed in range(30) for cell in choice.kills_and_a_third(seed)} == every


def test_ids_are_unique_and_found_again():
    ids = [cell.id for cell in matrix.cells()]
    assert len(set(ids)) == len(ids)
    assert [cell.id for cell in choice.matching([ids[0]])] == [ids[0]]
    assert {cell.fault for cell in choice.matching(["cluster.delete/*/kill"])} == {"kill"}
