"""The worker is killed in each cell of a build, of its undoing and of a delete: each comes to its end by itself."""

import pytest

from services.cluster.sagas.table import SAGAS
from tests.faults import cells

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]

_BUILD, _DELETE = "cluster.build", "cluster.delete"


def test_each_step_of_each_saga_has_its_row():
    assert cells.missing(SAGAS) == []
    assert set(cells.reviewed()) == set(SAGAS)


@pytest.mark.parametrize("point", cells.POINTS)
async def test_a_build_and_a_delete_go_on_after_kill_9_in_each_cell(stage, point):
    before = stage.at_the_cloud()
    stage.arm(_BUILD, "forward", point)
    case = await stage.build(f"killed-{point}")
    stage.assert_fired(_BUILD, "forward", point)
    await case.stands()
    assert stage.runs(case) == ["apply", "verify"]
    stage.arm(_DELETE, "forward", point)
    await stage.delete(case)
    stage.assert_fired(_DELETE, "forward", point)
    await case.gone()
    assert stage.at_the_cloud() == before


@pytest.mark.parametrize("point", cells.POINTS)
async def test_a_cancelled_build_is_undone_after_kill_9_in_each_cell(stage, point):
    before = stage.at_the_cloud()
    case = await stage.half_build(f"undone-{point}")
    stage.arm(_BUILD, "undo", point)
    await stage.cancel(case)
    stage.assert_fired(_BUILD, "undo", point)
    await case.gone()
    assert stage.at_the_cloud() == before
