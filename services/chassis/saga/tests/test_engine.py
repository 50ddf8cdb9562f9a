"""An operation goes forward, parks, resumes, is cancelled and undone; nothing outside is lost or doubled."""

import asyncio

import pytest
from sqlalchemy import select, text

from services.chassis.bus.event import decode
from services.chassis.outbox.tables import OUTBOX
from services.chassis.saga import (
    Done,
    NoSuchOperation,
    OperationStore,
    Reason,
    Saga,
    SagaSettings,
    Step,
    StepFailed,
    Suspended,
    Transient,
    Unit,
    Wait,
    WrongState,
)
from services.chassis.testing.sample.saga import BUILD
from services.chassis.testing.sample.schema import things
from services.chassis.testing.waiting import until

from .conftest import PROJECT

BUILT = ["hold-thing_1", "part-thing_1-p0", "part-thing_1-p1", "part-thing_1-p2"]


async def rows(db):
    async with db.project(PROJECT) as tx:
        return list((await tx.execute(select(things.c.id))).scalars())


async def told(db):
    async with db.unscoped() as tx:
        bodies = (await tx.execute(select(OUTBOX.c.body).order_by(OUTBOX.c.position))).scalars()
        return [(event.type, event.data.get("state")) for event in map(decode, bodies)]


async def done(ctx):
    return Done()


async def test_all_steps_are_done_and_told(db, world, workers, operations):
    workers()
    operation = await operations.becomes(await operations.create(), "succeeded")
    assert world.names() == BUILT
    assert await rows(db) == ["thing_1"]
    assert await told(db) == [
        ("operation.changed", "queued"),
        ("operation.changed", "running"),
        ("thing.built", None),
        ("operation.changed", "succeeded"),
    ]
    assert operation.ended and operation.started_at and operation.ended_at and operation.step is None
    steps = await operations.steps(operation)
    assert [(step.name, step.state) for step in steps.values()] == [(step.name, "done") for step in BUILD.steps]
    assert [unit.key for unit in steps["make_parts"].units] == ["p0", "p1", "p2"]
    assert {world.find(name)[0]["cloudpoint_operation"] for name in BUILT} == {operation.id}


async def test_several_workers_do_no_work_twice(world, workers, operations):
    for _ in range(3):
        workers()
    made = [await operations.create(subject=f"thing_{n}") for n in range(10)]
    for operation in made:
        await operations.becomes(operation, "succeeded")
    assert len(world.names()) == len(set(world.names())) == 40
    assert len(world.calls()) == 40


async def test_a_failure_parks_keeps_what_works_and_resumes_with_the_failed_units_only(world, workers, operations):
    looked, broken = [], True

    async def three(ctx):
        return [Unit("a"), Unit("b"), Unit("c")]

    async def configure(ctx):
        looked.append(ctx.unit.key)
        if ctx.unit.key == "b" and broken:
            raise StepFailed(Reason("package-missing", "No package munge. Add it.", "E: \0munge", "docs/runbooks/x.md"))
        return Done({"unit": ctx.unit.key})

    saga = Saga(
        "s",
        version=1,
        steps=(*BUILD.steps[:1], Step("configure", "Configure", units=three, forward=configure), *BUILD.steps[2:3]),
    )
    workers(saga)
    operation = await operations.becomes(await operations.create(saga), "parked")
    assert operation.reason.slug == "package-missing" and operation.reason.runbook == "docs/runbooks/x.md"
    assert "(b)" in operation.reason.sentence and operation.step == "configure"
    steps = await operations.steps(operation)
    assert {unit.key: unit.state for unit in steps["configure"].units} == {"a": "done", "b": "failed", "c": "done"}
    assert steps["configure"].state == "failed" and steps["register"].state == "pending"
    assert world.names() == ["hold-thing_1"]
    assert operations.store.allowed(operation) == ["resume", "undo"]
    broken = False
    await operations.ask("resume", operation)
    operation = await operations.becomes(operation, "succeeded")
    assert sorted(looked) == ["a", "b", "b", "c"] and operation.reason is None


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


async def test_a_passing_trouble_is_tried_again_and_a_lasting_one_parks(workers, operations):
    tries = 0

    async def shaky(ctx):
        nonlocal tries
        tries += 1
        if tries < 3 or 3 < tries < 20:
            raise Transient("503") if tries % 2 else ConnectionError("refused")
        return Done()

    async def make(ctx):
        await ctx.intent("create", "x")
        return Done()

    saga = Saga(
        "s",
        version=1,
        steps=(
            Step("make", "Make", forward=make),
            Step("one", "One", forward=shaky, attempts=4),
            Step("two", "Two", forward=shaky, attempts=4),
        ),
    )
    workers(saga)
    operation = await operations.becomes(await operations.create(saga), "parked")
    assert operation.step == "two" and tries == 3 + 4
    assert operation.reason.slug == "still-failing-after-retries" and "503" in operation.reason.evidence
    assert (await operations.steps(operation))["two"].units[0].attempts == 4


async def test_a_broken_step_parks_with_what_broke(workers, operations):
    async def broken(ctx):
        await ctx.intent("create", "x")
        raise KeyError("flavor")

    saga = Saga("s", version=1, steps=(Step("broken", "Broken", forward=broken),))
    workers(saga)
    operation = await operations.becomes(await operations.create(saga), "parked")
    assert operation.reason.slug == "step-broke" and "flavor" in operation.reason.evidence


@pytest.mark.parametrize("how", ["hangs", "waits"])
async def test_a_deadline_ends_a_step_that_hangs_or_waits(workers, operations, how):
    async def late(ctx):
        await ctx.intent("create", "x")
        if how == "hangs":
            await asyncio.sleep(60)
        return Wait(60)

    saga = Saga("s", version=1, steps=(Step("late", "Late", forward=late, deadline_seconds=0.3),))
    workers(saga)
    operation = await operations.becomes(await operations.create(saga), "parked", seconds=3)
    assert operation.reason.slug == "step-deadline-exceeded"


async def test_a_waiting_step_holds_no_lease_and_a_nudge_wakes_it(db, workers, operations):
    ready = False

    async def wait(ctx):
        return Done() if ready else Wait(60, "waiting for Heat")

    saga = Saga("s", version=1, steps=(Step("wait", "Wait", forward=wait),))
    workers(saga)
    operation = await operations.create(saga)

    async def released():
        async with db.project(PROJECT) as tx:
            query = "SELECT lease_owner IS NULL AND fence > 0 AND next_look_at > now() + '30 s' FROM saga_operation"
            return (await tx.execute(text(query))).scalar_one()

    await until(released)
    assert (await operations.steps(operation))["wait"].units[0].note == "waiting for Heat"
    ready = True
    await operations.ask("nudge", operation)
    await operations.becomes(operation, "succeeded", seconds=1.0)


async def test_a_nudge_during_the_look_is_not_lost(workers, operations):
    looks = 0

    async def wait(ctx):
        nonlocal looks
        looks += 1
        if looks == 1:
            await operations.ask("nudge", ctx.operation)
            return Wait(60)
        return Done()

    saga = Saga("s", version=1, steps=(Step("wait", "Wait", forward=wait),))
    workers(saga)
    await operations.becomes(await operations.create(saga), "succeeded", seconds=2.0)


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


async def test_a_step_whose_parts_cannot_be_worked_out_parks_and_works_them_out_on_resume(workers, operations):
    broken, worked = True, []

    async def make(ctx):
        await ctx.intent("create", "x")
        return Done()

    async def units(ctx):
        if broken:
            raise LookupError("no such role")
        return [Unit("a")]

    async def work(ctx):
        worked.append(ctx.unit.key)
        return Done()

    saga = Saga("s", version=1, steps=(Step("m", "M", forward=make), Step("w", "W", units=units, forward=work)))
    workers(saga)
    operation = await operations.becomes(await operations.create(saga), "parked")
    assert operation.step == "w" and "no such role" in operation.reason.evidence
    broken = False
    await operations.ask("resume", operation)
    await operations.becomes(operation, "succeeded")
    assert worked == ["a"]


async def test_a_suspended_operation_can_be_undone(world, workers, operations):
    async def before(operation):
        if operation.step:
            raise Suspended(Reason("person-suspended", "Your account is suspended."))

    workers(before_forward=before)
    operation = await operations.becomes(await operations.create(), "parked")
    await operations.ask("request_undo", operation)
    await operations.becomes(operation, "undone")
    assert world.names() == []


async def test_units_run_side_by_side_but_no_more_than_allowed(workers, operations):
    running, most = 0, 0

    async def many(ctx):
        return [Unit(f"u{n}", {"n": n}) for n in range(12)]

    async def work(ctx):
        nonlocal running, most
        running += 1
        most = max(most, running)
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
