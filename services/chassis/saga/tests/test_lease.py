"""The lease: kept while a step is long, checked before each outside call, and worth nothing once another has it."""

import asyncio

from sqlalchemy import text

from services.chassis.saga import Done, LeaseLost, Reason, Saga, SagaSettings, Step, StepFailed
from services.chassis.saga.ledger import Ledger
from services.chassis.testing.sample.saga import tell
from services.chassis.testing.waiting import until

from .conftest import PROJECT


async def test_a_step_longer_than_the_lease_is_not_taken_over(workers, operations):
    calls = 0

    async def long(ctx):
        nonlocal calls
        calls += 1
        await asyncio.sleep(5.0)
        return Done()

    saga = Saga("s", version=1, steps=(Step("long", "Long", forward=long),))
    for _ in range(2):
        workers(saga, settings=SagaSettings(lease_seconds=2.0, poll_seconds=0.05))
    await operations.becomes(await operations.create(saga), "succeeded")
    assert calls == 1


async def test_after_a_takeover_neither_guard_nor_rows_nor_intents_can_be_had(db, world, workers, operations):
    seen = []

    async def overtaken(ctx):
        if ctx.operation.fence > 1:
            return Done()
        intent = await ctx.intent("create", "x")
        async with db.project(PROJECT) as tx:
            taken = "UPDATE saga_operation SET fence = fence + 1, lease_until = NULL, lease_owner = NULL"
            await tx.execute(text(taken))
        for attempt in (ctx.guard, intent.done, intent.void, lambda: ctx.intent("create", "y"), lambda: _write(ctx)):
            try:
                await attempt()
            except LeaseLost:
                seen.append(attempt)
        return Done()

    saga = Saga("s", version=1, steps=(Step("overtaken", "Overtaken", forward=overtaken),))
    workers(saga, settings=SagaSettings(lease_seconds=30.0, poll_seconds=0.05))
    operation = await operations.becomes(await operations.create(saga), "succeeded")
    assert len(seen) == 5
    assert operation.fence == 3
    async with db.project(PROJECT) as tx:
        assert (await tx.execute(text("SELECT key, state FROM saga_intent"))).all() == [("x", "open")]


async def _write(ctx):
    async with ctx.tx():
        pass


async def test_the_guard_stops_a_call_of_a_cancelled_operation_even_when_nobody_told(db, world, workers, operations):
    async def late(ctx):
        async with db.project(PROJECT) as tx:
            await tx.execute(text("UPDATE saga_operation SET state = 'cancelling'"))
        await ctx.guard()
        await ctx.deps.create("too-late", ctx.tags)
        return Done()

    saga = Saga("s", version=1, steps=(Step("late", "Late", forward=late),))
    workers(saga, settings=SagaSettings(lease_seconds=60.0))
    await operations.becomes(await operations.create(saga), "undone", seconds=3)
    assert world.calls() == []


async def test_a_lost_lease_stops_the_step_that_runs(db, workers, operations):
    stopped = asyncio.Event()

    async def hang(ctx):
        if ctx.operation.fence > 1:
            return Done()
        try:
            await asyncio.sleep(60)
        finally:
            stopped.set()

    saga = Saga("s", version=1, steps=(Step("hang", "Hang", forward=hang),))
    workers(saga, settings=SagaSettings(lease_seconds=0.6, poll_seconds=0.05))
    operation = await operations.create(saga)

    async def hangs():
        steps = await operations.steps(operation)
        return bool(steps["hang"].units) and steps["hang"].units[0].state == "running"

    await until(hangs)
    async with db.project(PROJECT) as tx:
        await tx.execute(text("UPDATE saga_operation SET fence = fence + 1, lease_until = NULL"))
    await asyncio.wait_for(stopped.wait(), 1.0)
    await operations.becomes(operation, "succeeded", seconds=3)


async def test_a_void_intent_is_open_again_when_the_call_is_made_again(workers, operations):
    states = []

    async def make(ctx):
        intent = await ctx.intent("create", "x", {"try": ctx.attempt})
        states.append(intent.state)
        if len(states) == 1:
            await intent.void()
            raise ConnectionError("refused")
        raise StepFailed(Reason("no", "No."))

    saga = Saga("s", version=1, steps=(Step("make", "Make", forward=make),))
    workers(saga)
    await operations.becomes(await operations.create(saga), "parked")
    assert states == ["open", "open"]


async def test_an_outcome_is_found_by_the_next_try(workers, operations):
    found = []

    async def make(ctx):
        intent = await ctx.intent("create", "x")
        found.append((intent.state, intent.outcome))
        if len(found) == 1:
            await intent.done({"stack_id": "7"})
            raise ConnectionError("the reply was lost")
        return Done()

    saga = Saga("s", version=1, steps=(Step("make", "Make", forward=make),))
    workers(saga)
    await operations.becomes(await operations.create(saga), "succeeded")
    assert found == [("open", None), ("done", {"stack_id": "7"})]


async def test_giving_the_lease_back_does_not_overwrite_a_request_made_meanwhile(db, operations):
    for wish, due in ((None, False), ("nudge", True), ("request_cancel", True)):
        operation = await operations.create()
        ledger = Ledger(db, operation, tell)
        seen = (await ledger.read_step("hold")).nudges
        if wish:
            await operations.ask(wish, operation)
        await ledger.release(seconds=60.0, seen_nudges=seen)
        async with db.project(PROJECT) as tx:
            query = text("SELECT next_look_at <= clock_timestamp() FROM saga_operation WHERE id = :id")
            assert (await tx.execute(query, {"id": operation.id})).scalar_one() is due
