"""Workers share operations, hand them on and survive outages; a project sees its own operations only."""

import asyncio

import msgspec
import pytest
from sqlalchemy import select, text

from services.chassis.saga import (
    Done,
    NoSuchOperation,
    Saga,
    SagaSettings,
    SagaWorker,
    Step,
    Unit,
)
from services.chassis.saga.tables import OPERATION
from services.chassis.testing.sample.saga import BUILD
from services.chassis.testing.waiting import until

from .conftest import PROJECT, QUICK


async def test_several_workers_do_no_work_twice(world, workers, operations):
    for _ in range(3):
        workers()
    made = [await operations.create(subject=f"thing_{n}") for n in range(10)]
    for operation in made:
        await operations.becomes(operation, "succeeded")
    assert len(world.names()) == len(set(world.names())) == 40
    assert len(world.calls()) == 40


async def test_units_run_side_by_side_but_no_more_than_allowed(workers, operations):
    running, most = 0, 0
    all_at_work = asyncio.Event()

    async def many(ctx):
        return [Unit(f"u{n}", {"n": n}) for n in range(12)]

    async def work(ctx):
        nonlocal running, most
        running += 1
        most = max(most, running)
        if running == 4:
            all_at_work.set()
        async with asyncio.timeout(10):
            await all_at_work.wait()
        await asyncio.sleep(0.02)
        running -= 1
        return Done({"n": ctx.unit.payload["n"]})

    results = {}

    async def collect(ctx):
        results.update(ctx.results_of("work"))
        return Done(ctx.result_of("work", "u3"))

    saga = Saga(
        "s",
        version=1,
        steps=(Step("work", "Work", units=many, forward=work, parallel=4), Step("c", "C", forward=collect)),
    )
    workers(saga)
    operation = await operations.becomes(await operations.create(saga), "succeeded")
    assert most == 4 and len(results) == 12
    assert (await operations.steps(operation))["c"].units[0].result == {"n": 3}


@pytest.mark.parametrize(("slow_seconds", "begun"), [(60.0, 2), (0.1, 5)])
async def test_no_more_are_begun_while_so_many_are_at_work_and_those_that_wait_for_an_answer_are_not(
    workers, operations, slow_seconds, begun
):
    answer, waiting = asyncio.Event(), []

    async def ask(ctx):
        waiting.append(ctx)
        await answer.wait()
        return Done()

    saga = Saga("s", version=1, steps=(Step("ask", "Ask", forward=ask),))
    made = [await operations.create(saga) for _ in range(5)]
    workers(saga, settings=msgspec.structs.replace(QUICK, at_work=2, slow_seconds=slow_seconds))
    await until(lambda: len(waiting) == begun)
    await asyncio.sleep(0.3)
    assert len(waiting) == begun
    answer.set()
    for operation in made:
        await operations.becomes(operation, "succeeded")


async def test_an_operation_of_an_unknown_version_waits_for_a_worker_that_knows_it(workers, operations):
    new = Saga(BUILD.name, version=2, steps=BUILD.steps)
    operation = await operations.create(new)
    workers(BUILD)
    await asyncio.sleep(0.4)
    assert (await operations.get(operation)).state == "queued"
    workers(BUILD, new)
    assert (await operations.becomes(operation, "succeeded")).version == 2


async def test_stopping_a_worker_hands_its_operations_on_at_once(world, workers, operations):
    hung = True

    async def hang(ctx):
        if hung:
            await asyncio.sleep(60)
        return Done()

    saga = Saga("s", version=1, steps=(Step("hang", "Hang", forward=hang),))
    long = SagaSettings(lease_seconds=60.0, poll_seconds=0.1)
    first = workers(saga, settings=long)
    operation = await operations.create(saga)
    await operations.becomes(operation, "running")
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    hung = False
    workers(saga, settings=long)
    await operations.becomes(operation, "succeeded", seconds=2.0)


async def test_a_restarted_database_connection_does_not_lose_an_operation(db, world, workers, operations):
    workers()
    made = [await operations.create(subject=f"thing_{n}", parts=6) for n in range(5)]
    await asyncio.sleep(0.05)
    async with db.unscoped() as tx:
        others = "pid <> pg_backend_pid() AND usename = current_user"
        await tx.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))
    for operation in made:
        await operations.becomes(operation, "succeeded")
    assert len(world.names()) == len(set(world.names())) == 5 * 7


async def test_another_projects_operation_is_not_there(db, operations):
    operation = await operations.create()
    for wish in ("request_cancel", "request_undo", "resume"):
        with pytest.raises(NoSuchOperation):
            async with db.project("prj_b") as tx:
                await getattr(operations.store, wish)(tx, operation.id)
    async with db.project("prj_b") as tx:
        assert await operations.store.get(tx, operation.id) is None
        assert (await operations.store.page(tx)).operations == []
        await operations.store.nudge(tx, operation.id)


async def test_pages_of_operations(db, operations):
    made = [(await operations.create(subject=f"thing_{n % 2}")).id for n in range(5)]
    async with db.project(PROJECT) as tx:
        first = await operations.store.page(tx, limit=3)
        rest = await operations.store.page(tx, limit=3, cursor=first.next_cursor)
        some = await operations.store.page(tx, subject="thing_1", states=["queued"])
    assert [one.id for one in [*first.operations, *rest.operations]] == made[::-1]
    assert [one.id for one in some.operations] == [made[3], made[1]] and rest.next_cursor is None


@pytest.mark.parametrize("turns", range(4))
async def test_a_worker_that_is_woken_and_stopped_at_the_same_moment_stops(db, turns):
    worker = SagaWorker(db, [BUILD], None)
    task = asyncio.create_task(worker.run())
    await asyncio.sleep(0.3)
    worker._wake.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    ended, _ = await asyncio.wait({task}, timeout=3)
    assert ended == {task}


async def test_a_nudge_changes_nothing_of_an_operation_that_has_ended(db, workers, operations):
    workers()
    operation = await operations.create()
    await operations.becomes(operation, "succeeded")
    query = select(OPERATION).where(OPERATION.c.id == operation.id)
    async with db.project(PROJECT) as tx:
        before = (await tx.execute(query)).one()
        await operations.store.nudge(tx, operation.id)
        assert (await tx.execute(query)).one() == before
