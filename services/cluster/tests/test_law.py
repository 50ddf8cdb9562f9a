"""Both sagas keep the law of sagas at every step: real services, an emulated cloud, hosts without machines."""

import pytest

from services.chassis.saga.testing import Point, prove, ways
from services.cluster.sagas.build import BUILD
from services.cluster.sagas.delete import DELETE
from services.cluster.tests.case import Case

UNTROUBLED = Point("forward_twice", ("finish",))
"""A way through the whole saga: its last step done twice changes nothing."""

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]


@pytest.fixture(scope="module")
def project_of_the_law():
    """Where the one project of all cases is kept."""
    return []


async def opened(world, kept):
    if not kept:
        kept.append((await world.person()).projects[0])
    case = Case(world, kept[0])
    return case, (await case.plan()).id


@pytest.mark.parametrize("point", ways(BUILD), ids=str)
async def test_a_build_keeps_the_law(world, project_of_the_law, point):
    case, plan_id = await opened(world, project_of_the_law)
    await prove(case.saga_case(BUILD, plan_id), point)
    if (await case.state()) != "deleted":
        await prove(case.saga_case(DELETE, plan_id), UNTROUBLED)


@pytest.mark.parametrize("point", ways(DELETE), ids=str)
async def test_a_delete_keeps_the_law(world, project_of_the_law, point):
    case, plan_id = await opened(world, project_of_the_law)
    await prove(case.saga_case(BUILD, plan_id), UNTROUBLED)
    await prove(case.saga_case(DELETE, plan_id), point)
