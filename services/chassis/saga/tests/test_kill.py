"""Workers that are killed or frozen at any point: the operation goes on by itself, nothing is lost or doubled."""

import asyncio
import os
import signal

import pytest
from sqlalchemy import select

from services.chassis.bus.event import decode
from services.chassis.outbox.tables import OUTBOX
from services.chassis.saga import SagaSettings
from services.chassis.testing.sample import worker as sample_worker
from services.chassis.testing.sample.schema import things
from services.chassis.testing.waiting import until

from .conftest import PROJECT

KILLED = SagaSettings(lease_seconds=0.5, poll_seconds=0.05, retry_seconds=0.01)
BUILT = ["hold-thing_1", "part-thing_1-p0", "part-thing_1-p1"]


@pytest.fixture
async def processes(settings, tmp_path):
    """Start worker processes; all are gone at the end."""
    started = []

    def start(*prefixes):
        started.append(sample_worker.start(settings, KILLED, tmp_path, prefixes))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.join(5)


async def until_ended(operations, operation, processes, prefixes, states, seconds=60.0):
    """Start a new worker whenever one has died, until the operation is in one of ``states``; return the deaths."""
    deaths = 0
    process = processes(*prefixes)
    async with asyncio.timeout(seconds):
        while True:
            if (await operations.get(operation)).state in states:
                return deaths
            if not process.is_alive():
                assert process.exitcode == -signal.SIGKILL
                deaths += 1
                process = processes(*prefixes)
            await asyncio.sleep(0.02)


async def events(db):
    async with db.unscoped() as tx:
        bodies = (await tx.execute(select(OUTBOX.c.body).order_by(OUTBOX.c.position))).scalars()
        return [(event.type, event.data.get("state")) for event in map(decode, bodies)]


async def registered(db):
    async with db.project(PROJECT) as tx:
        return list((await tx.execute(select(things.c.id))).scalars())


@pytest.mark.parametrize("place", [":before", ":effect", ":reply"])
async def test_a_worker_killed_in_each_outside_call_of_the_way_forward(
    db, world, operations, processes, tmp_path, place
):
    calls = ("create:hold-thing_1", "create:part-thing_1-p0", "create:part-thing_1-p1")
    operation = await operations.create(parts=2)
    prefixes = tuple(call + place for call in calls)
    deaths = await until_ended(operations, operation, processes, prefixes, ("succeeded",))
    assert deaths == len(list((tmp_path / "deaths").iterdir())) == len(calls)
    assert world.names() == BUILT and await registered(db) == ["thing_1"]
    assert [kind for kind, _ in await events(db)].count("thing.built") == 1


@pytest.mark.slow
async def test_a_worker_killed_before_each_write_of_the_way_forward(db, world, operations, processes, tmp_path):
    operation = await operations.create(parts=2)
    deaths = await until_ended(operations, operation, processes, ("write:forward-",), ("succeeded",), seconds=120)
    assert deaths >= 15 and len(list((tmp_path / "deaths").iterdir())) == deaths
    assert world.names() == BUILT and await registered(db) == ["thing_1"]
    changes = [state for kind, state in await events(db) if kind == "operation.changed"]
    assert changes == ["queued", "running", "succeeded"]


@pytest.mark.slow
async def test_a_worker_killed_at_each_point_of_the_way_back(db, world, workers, operations, processes):
    operation = await operations.create(parts=2)
    await operations.ask("request_cancel", operation)
    deaths = await until_ended(operations, operation, processes, ("write:",), ("undone",))
    assert deaths >= 2 and world.names() == []

    operation = await operations.create(subject="thing_2", parts=2)
    await wait_for_step(operations, operation, processes("write:forward-verify-:running"), "verify")
    await operations.ask("request_cancel", operation)
    prefixes = ("write:undo-", "delete:")
    deaths = await until_ended(operations, operation, processes, prefixes, ("undone",), seconds=120)
    assert deaths >= 20
    assert world.names() == [] and await registered(db) == []


async def wait_for_step(operations, operation, process, step):
    """Wait until a worker has died in ``step``, with all before it done."""

    async def there():
        return not process.is_alive() and (await operations.get(operation)).step == step

    await until(there, 20)


async def test_a_frozen_worker_that_wakes_up_can_neither_write_nor_call(db, world, operations, processes, tmp_path):
    frozen = processes()
    operation = await operations.create(parts=40)

    async def some_calls():
        return len(world.calls()) >= 5

    await until(some_calls)
    os.kill(frozen.pid, signal.SIGSTOP)
    before = await operations.get(operation)
    assert before.state == "running"
    processes()
    ended = await operations.becomes(operation, "succeeded", seconds=20)
    assert ended.fence > before.fence
    calls = world.calls()
    os.kill(frozen.pid, signal.SIGCONT)
    await asyncio.sleep(1.0)
    assert world.calls() == calls
    assert await operations.get(operation) == ended
    names = world.names()
    assert len(names) == len(set(names)) == 41
