"""One stage for all cells: services, a cloud without machines, and a worker that dies where it is told to."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from lab.simcloud.tests.running import CLOUD_PORTS, RunningCloud, enrol
from services.chassis.bus import BusSettings
from services.chassis.db import DatabaseSettings, Schema
from services.cluster.tests.world import open_world
from tests.faults.stage import Stage, mortal_worker
from tests.support.databases import Databases
from tests.support.ports import free_range

_NODES = 4


@pytest.fixture(scope="session")
def cloud_of_cells(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """A cloud whose nodes have no machines and whose states pass at once."""
    state = tmp_path_factory.mktemp("cloud-of-cells") / "state"
    quick = ("--step-seconds", "0.01", "--heat-retries", "0")
    cloud = RunningCloud("alpha", state, free_range(CLOUD_PORTS), "10.99.4.0/24", *quick)
    cloud.start()
    for number in range(_NODES):
        enrol(cloud.connect("system"), f"bm-{number}")
    yield cloud
    cloud.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def whole_stage(
    tmp_path_factory: pytest.TempPathFactory, cloud_of_cells: RunningCloud, databases: Databases, amqp_url: str
) -> AsyncIterator[Stage]:
    names: list[str] = []

    async def fresh(schema: Schema) -> DatabaseSettings:
        made = await databases.copy(schema)
        names.append(made.database)
        return made.settings(pool_size=5)

    folder = tmp_path_factory.mktemp("stage")
    async with AsyncExitStack() as stack:
        stack.push_async_callback(databases.drop, names)
        world = await open_world(stack, folder, cloud_of_cells, fresh, BusSettings(url=amqp_url))
        armed, worker = await stack.enter_async_context(mortal_worker(world, folder))
        yield Stage(world, armed, await world.person(), worker)


@pytest.fixture
def stage(whole_stage: Stage) -> Stage:
    """The stage, with nothing armed and hosts that are free of trouble."""
    whole_stage.armed.clear()
    whole_stage.world.hosts.endless = False
    return whole_stage
