"""Workers that are killed or frozen at any point: the operation goes on by itself, nothing is lost or doubled."""

import asyncio
import os
import signal

import asyncpg
import msgspec
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from services.chassis.bus.event import decode
from services.chassis.db import Database, is_transient
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
    impatient = msgspec.structs.replace(settings, idle_in_transaction_seconds=0.5)

    def start(*prefixes, sign=signal.SIGKILL):
        started.append(sample_worker.start(impatient, KILLED, tmp_path, prefixes, sign))
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
    assert deaths == len(list((tmp_path / "signals").iterdir())) == len(calls)
    assert world.names() == BUILT and await registered(db) == ["thing_1"]
    assert [kind for kind, _ in await events(db)].count("thing.built") == 1


@pytest.mark.slow
async def test_a_worker_killed_before_each_write_of_the_way_forward(db, world, operations, processes, tmp_path):
    operation = await operations.create(parts=2)
    deaths = await until_ended(operations, operation, processes, ("write:forward-",), ("succeeded",), seconds=120)
    assert deaths >= 15 and len(list((tmp_path / "signals").iterdir())) == deaths
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
    await wait_for_step(operations, operation, processes("write:forward-verify-:done"), "verify")
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


async def freeze_and_take_over(world, operations, processes, tmp_path, point):
    """Freeze a worker at ``point``, have another finish the operation, wake the first; return what was and is there."""
    frozen = processes(point, sign=signal.SIGSTOP)
    operation = await operations.create(parts=6)
    await until(lambda: any((tmp_path / "signals").glob("*")), 20)
    processes()
    ended = await operations.becomes(operation, "succeeded", seconds=20)
    assert ended.fence > 1
    before = world.names(), world.calls()
    os.kill(frozen.pid, signal.SIGCONT)
    await asyncio.sleep(1.0)
    assert await operations.get(operation) == ended
    return ended, before, (world.names(), world.calls())


@pytest.mark.parametrize("point", ["create:part-thing_1-p3:reply", "write:forward-make_parts-p3:running"])
async def test_a_frozen_worker_that_wakes_up_can_neither_write_nor_call(world, operations, processes, tmp_path, point):
    _, before, after = await freeze_and_take_over(world, operations, processes, tmp_path, point)
    names, calls = after
    assert calls == before[1] and names == before[0]
    assert len(names) == len(set(names)) == len(calls) == 7


async def test_a_call_that_was_already_on_its_way_is_known_by_its_older_fence(world, operations, processes, tmp_path):
    """Nothing can take back a call that left just before the freeze; its tag tells a reconciler which one to remove."""
    point = "create:part-thing_1-p3:before"
    ended, before, after = await freeze_and_take_over(world, operations, processes, tmp_path, point)
    assert sorted(set(after[0])) == before[0] and len(after[0]) == 8
    fences = sorted(int(tags["cloudpoint_fence"]) for tags in world.find("part-thing_1-p3"))
    assert fences[0] == 1 < fences[1] <= ended.fence


async def test_a_worker_frozen_within_a_transaction_does_not_hold_the_operation(db, settings, operations, processes):
    operation = await operations.create(parts=1)
    frozen = Database(msgspec.structs.replace(settings, idle_in_transaction_seconds=0.5), service="sample")
    with pytest.raises((DBAPIError, asyncpg.InterfaceError)) as ended:
        async with frozen.project(PROJECT) as tx:
            await tx.execute(text("SELECT 1 FROM saga_operation FOR UPDATE"))
            processes()
            await operations.becomes(operation, "succeeded")
    assert is_transient(ended.value)
    await frozen.close()
