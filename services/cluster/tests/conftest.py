"""One world for all tests of this folder: they keep apart by projects of their own, and give machines back."""

import dataclasses
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from lab.simcloud.tests.running import RunningCloud, enrol
from services.chassis.bus import BusSettings
from services.chassis.db import DatabaseSettings, Schema
from services.cluster.tests.hosts import Hosts
from services.cluster.tests.world import World, open_world
from tests.support.databases import Databases
from tests.support.ports import free_range

CLOUD_PORTS = 8
NODES = 6


@pytest.fixture(scope="session")
def cluster_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """A cloud with six free nodes that have no machines."""
    state = tmp_path_factory.mktemp("cluster-cloud") / "state"
    cloud = RunningCloud(
        "alpha", state, free_range(CLOUD_PORTS), "10.99.3.0/24", "--step-seconds", "0.03", "--heat-retries", "0",
        "--heat-race-names", "^raced-",
    )  # fmt: skip
    cloud.start()
    for number in range(NODES):
        enrol(cloud.connect("system"), f"bm-{number}")
    yield cloud
    cloud.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def whole_world(
    tmp_path_factory: pytest.TempPathFactory, cluster_cloud: RunningCloud, databases: Databases, amqp_url: str
) -> AsyncIterator[World]:
    names: list[str] = []

    async def fresh(schema: Schema) -> DatabaseSettings:
        made = await databases.copy(schema)
        names.append(made.database)
        return made.settings(pool_size=5)

    async with AsyncExitStack() as stack:
        stack.push_async_callback(databases.drop, names)
        yield await open_world(stack, tmp_path_factory.mktemp("world"), cluster_cloud, fresh, BusSettings(url=amqp_url))


@pytest.fixture
def world(whole_world: World) -> World:
    """The world, with its hosts free of trouble."""
    calm = Hosts()
    for field in dataclasses.fields(Hosts):
        if field.name not in ("requests", "runs"):
            setattr(whole_world.hosts, field.name, getattr(calm, field.name))
    return whole_world
