"""The worker is killed in each cell of a build, of its undoing and of a delete: each comes to its end by itself."""

import pytest

from services.cluster.sagas.table import SAGAS
from tests.faults import cells

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]

_BUILD, _DELETE = "cluster.build", "cluster.delete"


def test_each_step_of_each_saga_has_its_row():
    assert cells.missing(SAGAS) == []
    assert set(cells.reviewed()) == set(SAGAS)


async def test_the_way_of_each_saga_leads_through_all_cells_and_no_others(stage):
    case = await stage.build("rehearsed")
    await stage.delete(case)
    passed = stage.armed.passed()
    assert passed == cells.places(_BUILD, "forward") | cells.places(_DELETE, "forward")
    case = await stage.half_build("undone")
    stage.armed.clear()
    await stage.cancel(case)
    assert {place for place in stage.armed.passed() if place.phase == "undo"} == cells.places(_BUILD, "undo")


@pytest.mark.parametrize("point", cells.POINTS)
async def test_a_build_and_a_delete_go_on_after_kill_9_in_each_cell(stage, point):
    before = stage.at_the_cloud()
    armed = cells.places(_BUILD, "forward", point)
    stage.armed.arm(*armed)
    case = await stage.build(f"killed-{point}")
    assert stage.armed.fired() == armed
    await case.stands()
    assert stage.runs(case) == ["apply", "verify"]
    armed = cells.places(_DELETE, "forward", point)
    stage.armed.clear()
    stage.armed.arm(*armed)
    await stage.delete(case)
    assert stage.armed.fired() == armed
    await case.gone()
    assert stage.at_the_cloud() == before


@pytest.mark.parametrize("point", cells.POINTS)
async def test_a_cancelled_build_is_undone_after_kill_9_in_each_cell(stage, point):
    before = stage.at_the_cloud()
    case = await stage.half_build(f"undone-{point}")
    armed = cells.places(_BUILD, "undo", point)
    stage.armed.clear()
    stage.armed.arm(*armed)
    await stage.cancel(case)
    assert stage.armed.fired() == armed
    await case.gone()
    assert stage.at_the_cloud() == before
