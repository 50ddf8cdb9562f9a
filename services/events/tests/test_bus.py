"""From publishers to streams, by the real broker."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lab.launcher.rabbitmq import PrivateRabbit
from services.chassis.bus import Bus, BusSettings, BusUnavailable
from services.chassis.testing.app import RunningService, running
from services.chassis.testing.authority import Authority
from services.chassis.testing.waiting import until
from services.events.main import SERVICE
from services.events.schema import SCHEMA
from services.events.tests.conftest import Asking, happened
from tests.support.broker import delete_queues
from tests.support.servers import FreshDatabase


@pytest.fixture
def bus_settings(amqp_url: str, tmp_path: Path) -> BusSettings:
    return BusSettings(url=amqp_url, exchange=f"test.{tmp_path.name}")


@pytest.fixture
async def asking(fresh_database: FreshDatabase, tmp_path: Path, bus_settings: BusSettings) -> AsyncIterator[Asking]:
    await delete_queues(bus_settings.url, "events")
    authority = Authority(tmp_path / "keys")
    database = await fresh_database(SCHEMA)
    async with running(SERVICE, authority, work=True, database=database, bus=bus_settings) as service:
        await until(lambda: _records(service))
        yield Asking(service, authority)
    await delete_queues(bus_settings.url, "events")


async def _records(service: RunningService) -> bool:
    """Tell whether the queue is bound: what is published before that is nobody's."""
    await service.process.events.publish(happened(project="prj_probe"))
    return (await service.context.extent("prj_probe")).last > 0


async def publish(settings: BusSettings, name: str, count: int) -> None:
    """Publish as an outbox does: again until it is confirmed."""
    bus = Bus(settings, service=name)
    await bus.start()
    try:
        for number in range(count):
            event = happened(name, number=number)
            while True:
                try:
                    await bus.publish(event)
                    break
                except BusUnavailable:
                    await asyncio.sleep(0.2)
    finally:
        await bus.stop()


class Follower:
    """A client that loses its connection again and again and goes on from the last id."""

    def __init__(self, asking: Asking) -> None:
        self.asking = asking
        self.last = "0"
        self.seen: list[tuple[str, int]] = []
        self.numbers: list[int] = []

    async def follow(self, count: int) -> None:
        while len(self.seen) < count:
            patience = random.randint(1, 40)
            async with self.asking.following(self.last) as stream:
                async for message in stream:
                    self.last = message.id or self.last
                    if message.data:
                        event = message.recorded
                        self.numbers.append(event.number)
                        self.seen.append((event.subject, event.data["number"]))
                    patience -= 1
                    if not patience or len(self.seen) == count:
                        break

    def check(self, names: list[str], each: int) -> None:
        assert self.numbers == list(range(1, len(names) * each + 1))
        for name in names:
            assert [number for subject, number in self.seen if subject == name] == list(range(each))


async def test_no_gap_and_no_double_over_reconnections(asking: Asking, bus_settings: BusSettings) -> None:
    names = [f"clu_{number}" for number in range(4)]
    follower = Follower(asking)
    async with asyncio.timeout(60):
        await asyncio.gather(follower.follow(400), *(publish(bus_settings, name, 100) for name in names))
    follower.check(names, 100)


@pytest.mark.slow
async def test_nothing_is_lost_when_the_broker_restarts(
    asking: Asking, bus_settings: BusSettings, amqp_url: str, request: pytest.FixtureRequest
) -> None:
    rabbit: PrivateRabbit = request.getfixturevalue("private_rabbit")
    if rabbit.url != amqp_url:
        pytest.skip("the broker of this session is not ours to restart")
    follower = Follower(asking)

    async def restart() -> None:
        await asyncio.sleep(0.3)
        await asyncio.to_thread(rabbit.stop)
        await asyncio.to_thread(rabbit.start)

    async with asyncio.timeout(90):
        await asyncio.gather(follower.follow(300), publish(bus_settings, "clu_0", 300), restart())
    follower.check(["clu_0"], 300)
