"""An operation goes forward, waits, fails, parks and resumes."""

import asyncio

import pytest
from sqlalchemy import select, text

from services.chassis.bus.event import decode
from services.chassis.errors import DeadlineExceeded, Unavailable
from services.chassis.outbox.tables import OUTBOX
from services.chassis.saga import (
    Done,
    Reason,
    Saga,
    Step,
    StepFailed,
    Transient,
    Unit,
    Wait,
)
from services.chassis.testing.sample.saga import BUILD
from services.chassis.testing.waiting import until

from .conftest import BUILT, PROJECT, rows


async def told(db):
    async with db.unscoped() as tx:
        bodies = (await tx.execute(select(OUTBOX.c.body).order_by(OUTBOX.c.position))).scalars()
        return [(event.type, event.data.get("state")) for event in map(decode, bodies)]


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


@pytest.mark.parametrize("problem", [Unavailable("node can't be reached."), DeadlineExceeded("node is late.")])
async def test_a_sibling_that_is_away_is_waited_for_much_longer(workers, operations, problem):
    tries = 0

    async def needy(ctx):
        nonlocal tries
        tries += 1
        if tries <= 12:
            raise problem
        return Done()

    saga = Saga("s", version=1, steps=(Step("needy", "Needy", forward=needy, attempts=2),))
    workers(saga)
    await operations.becomes(await operations.create(saga), "succeeded")
    assert tries == 13


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
