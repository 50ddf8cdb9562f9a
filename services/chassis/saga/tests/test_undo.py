"""What was done is taken back: on request, on cancel, or by itself; permission is asked only on the way forward."""

import asyncio

import pytest

from services.chassis.saga import (
    Done,
    OperationStore,
    Reason,
    Saga,
    Step,
    StepFailed,
    Suspended,
    Wait,
    WrongState,
)
from services.chassis.testing.sample.saga import BUILD
from services.chassis.testing.waiting import until

from .conftest import BUILT, PROJECT, rows


async def done(ctx):
    return Done()


async def test_undo_on_request_takes_everything_back(db, world, workers, operations):
    async def fail(ctx):
        raise StepFailed(Reason("no", "No."))

    saga = Saga("s", version=1, steps=(*BUILD.steps[:3], Step("fail", "Fail", forward=fail)))
    workers(saga)
    operation = await operations.becomes(await operations.create(saga), "parked")
    assert world.names() == BUILT and await rows(db) == ["thing_1"]
    await operations.ask("request_undo", operation)
    operation = await operations.becomes(operation, "undone")
    assert world.names() == [] and await rows(db) == []
    assert operation.ended and operations.store.allowed(operation) == []
    for step in (await operations.steps(operation)).values():
        assert (step.phase, step.state) == ("undo", "done")


async def test_a_failure_before_anything_exists_outside_is_put_back_by_itself(db, workers, operations):
    async def fail(ctx):
        intent = await ctx.intent("create", "x")
        await ctx.guard()
        await intent.void()
        raise StepFailed(Reason("quota", "The quota is used up. Ask for more."))

    saga = Saga("s", version=1, steps=(BUILD.steps[2], Step("fail", "Fail", forward=fail)))
    workers(saga)
    operation = await operations.becomes(await operations.create(saga), "failed")
    assert operation.reason.slug == "quota"
    assert await rows(db) == []


async def test_an_irreversible_saga_parks_always_and_cannot_be_undone(workers, operations, db):
    async def fail(ctx):
        raise StepFailed(Reason("no", "No."))

    saga = Saga("s", version=1, reversible=False, steps=(Step("fail", "Fail", forward=fail),))
    workers(saga)
    operation = await operations.becomes(await operations.create(saga), "parked")
    store = OperationStore([saga])
    assert store.allowed(operation) == ["resume"]
    for wish in (store.request_undo, store.request_cancel):
        with pytest.raises(WrongState, match="not possible"):
            async with db.project(PROJECT) as tx:
                await wish(tx, operation.id)


async def test_cancel_interrupts_a_running_step_within_a_second_and_undoes(world, workers, operations):
    started, stopped = asyncio.Event(), asyncio.Event()

    async def hang(ctx):
        started.set()
        try:
            await asyncio.sleep(60)
        finally:
            stopped.set()
        return Done()

    saga = Saga("s", version=1, steps=(BUILD.steps[0], Step("hang", "Hang", forward=hang, undo=done)))
    workers(saga)
    operation = await operations.create(saga)
    await asyncio.wait_for(started.wait(), 5)
    await operations.ask("request_cancel", operation)
    await asyncio.wait_for(stopped.wait(), 1.0)
    await operations.becomes(operation, "undone", seconds=2.0)
    assert world.names() == []
    with pytest.raises(WrongState):
        await operations.ask("request_cancel", operation)


async def test_cancel_interrupts_a_waiting_step(world, workers, operations):
    async def wait(ctx):
        return Wait(60)

    saga = Saga("s", version=1, steps=(BUILD.steps[0], Step("wait", "Wait", forward=wait)))
    workers(saga)
    operation = await operations.create(saga)

    async def waits():
        return (await operations.get(operation)).step == "wait"

    await until(waits)
    await operations.ask("request_cancel", operation)
    await operations.ask("request_cancel", operation)
    await operations.becomes(operation, "undone", seconds=1.5)
    assert world.names() == []


async def test_cancel_before_any_worker_came_ends_without_a_call(world, workers, operations):
    operation = await operations.create()
    await operations.ask("request_cancel", operation)
    workers()
    await operations.becomes(operation, "undone")
    assert world.calls() == []


async def test_cancel_just_before_an_outside_call_prevents_it(world, workers, operations):
    async def late(ctx):
        await operations.ask("request_cancel", ctx.operation)
        await ctx.guard()
        await ctx.deps.create("too-late", ctx.tags)
        return Done()

    saga = Saga("s", version=1, steps=(Step("late", "Late", forward=late),))
    workers(saga)
    await operations.becomes(await operations.create(saga), "undone")
    assert world.calls() == []


async def test_a_failing_undo_parks_and_resumes_undoing(world, workers, operations):
    broken = True

    async def fail(ctx):
        raise StepFailed(Reason("no", "No."))

    async def undo(ctx):
        if broken:
            raise StepFailed(Reason("still-in-use", "It is still in use. Free it, then resume."))
        return Done()

    saga = Saga(
        "s",
        version=1,
        steps=(BUILD.steps[0], Step("two", "Two", forward=done, undo=undo), Step("f", "F", forward=fail)),
    )
    workers(saga)
    operation = await operations.becomes(await operations.create(saga), "parked")
    await operations.ask("request_undo", operation)

    async def parked_in_undo():
        now = await operations.get(operation)
        return now.state == "parked" and now.phase == "undo"

    await until(parked_in_undo)
    operation = await operations.get(operation)
    assert operation.reason.slug == "still-in-use" and operations.store.allowed(operation) == ["resume"]
    broken = False
    await operations.ask("resume", operation)
    await operations.becomes(operation, "undone")
    assert world.names() == []


async def test_permission_is_asked_before_each_new_forward_step_and_never_for_undo(world, workers, operations):
    asked, allowed = [], 2

    async def before(operation):
        asked.append(operation.step)
        if len(asked) > allowed:
            raise Suspended(Reason("person-suspended", "Your account is suspended."))

    workers(before_forward=before)
    operation = await operations.becomes(await operations.create(), "parked")
    assert operation.reason.slug == "person-suspended"
    allowed = 3
    asked.clear()
    await operations.ask("resume", operation)
    await operations.becomes(operation, "succeeded")
    assert len(asked) == 2
    assert world.names() == BUILT


async def test_a_suspended_operation_can_be_undone(world, workers, operations):
    async def before(operation):
        if operation.step:
            raise Suspended(Reason("person-suspended", "Your account is suspended."))

    workers(before_forward=before)
    operation = await operations.becomes(await operations.create(), "parked")
    await operations.ask("request_undo", operation)
    await operations.becomes(operation, "undone")
    assert world.names() == []
