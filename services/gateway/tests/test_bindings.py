"""What a person may do changes while passes are held."""

import asyncio
import itertools

from services.chassis.testing.waiting import until
from services.gateway.tests.conftest import Platform


async def test_a_new_role_is_heard_of_and_lists_show_it(platform_with_bus: Platform) -> None:
    platform = platform_with_bus
    headers = platform.session()
    assert (await platform.client.get("/v1/things", headers=headers)).status_code == 200
    kept = platform.gateway.context.passes._kept
    assert kept
    projects = itertools.count()

    async def dropped() -> bool:
        """Give one more role, since what is told before the gateway listens is not heard."""
        await platform.bind("usr_ann", "viewer", f"prj_b{next(projects)}")
        await asyncio.sleep(0.1)
        return not kept

    await until(dropped, 15)


async def test_a_lost_role_ends_passes_at_once_and_the_session_stays(platform_with_bus: Platform) -> None:
    platform = platform_with_bus
    await platform.bind("usr_ann", "viewer", "prj_b")
    headers = platform.session()
    assert (await platform.client.get("/v1/things/prj_b", headers=headers)).status_code == 200
    await platform.unbind("usr_ann", "prj_b")

    async def gone() -> bool:
        return (await platform.client.get("/v1/things/prj_b", headers=headers)).status_code == 404

    await until(gone, 1)
    assert (await platform.client.get("/v1/things/prj_a", headers=headers)).status_code == 200
