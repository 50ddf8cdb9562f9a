"""The sample's saga keeps the law of sagas at each step, and the law finds steps that break it."""

import pytest
from sqlalchemy import func, select

from services.chassis.outbox.tables import OUTBOX
from services.chassis.saga import Done, Saga, Step
from services.chassis.saga.testing import Point, SagaCase, points, prove, ways
from services.chassis.testing.sample.saga import BUILD, hold, release
from services.chassis.testing.sample.schema import things

from .conftest import PROJECT


@pytest.fixture
def case_of(db, world):
    async def registered():
        async with db.project(PROJECT) as tx:
            return (await tx.execute(select(func.count()).select_from(things))).scalar_one()

    async def told():
        async with db.unscoped() as tx:
            return (await tx.execute(select(func.count()).select_from(OUTBOX))).scalar_one()

    async def built():
        assert world.names() == ["hold-s1", "part-s1-p0", "part-s1-p1", "part-s1-p2"]
        assert await registered() == 1
        assert await told() == 1

    async def gone():
        assert world.names() == []
        assert await registered() == 0

    def make(saga):
        return SagaCase(db, saga, world, PROJECT, "s1", {"parts": 3}, built, gone)

    return make


@pytest.mark.parametrize("point", dict.fromkeys([*points(BUILD), *ways(BUILD)]), ids=str)
async def test_the_sample_keeps_the_law(case_of, point):
    await prove(case_of(BUILD), point)


async def hold_again_and_again(ctx):
    await ctx.guard()
    await ctx.intent("create", f"hold-{ctx.operation.subject}")
    await ctx.deps.create(f"hold-{ctx.operation.subject}", ctx.tags)
    return Done()


async def hold_without_intent(ctx):
    await ctx.deps.create(f"hold-{ctx.operation.subject}", ctx.tags)
    return Done({"hold": ""})


async def release_only_once(ctx):
    assert ctx.deps.find(f"hold-{ctx.operation.subject}"), "it is gone already"
    return await release(ctx)


def test_the_ways_lead_through_every_point():
    assert {(way.law, step) for way in ways(BUILD) for step in way.steps} == {
        (point.law, *point.steps) for point in points(BUILD)
    }


async def test_a_way_says_at_which_step_all_ends(case_of):
    nothing = Step("nothing", "Call nobody", forward=call_nobody)
    saga = Saga("late", version=1, steps=(nothing, *BUILD.steps))
    point = next(way for way in ways(saga) if way.law == "fails_before_then_resumes" and len(way.steps) > 1)
    with pytest.raises(AssertionError, match="nothing exists outside at hold"):
        await prove(case_of(saga), point)


async def call_nobody(ctx):
    return Done()


@pytest.mark.parametrize(
    ("step", "point"),
    [
        (Step("hold", "Hold", forward=hold_again_and_again, undo=release), Point("forward_twice", ("hold",))),
        (Step("hold", "Hold", forward=hold, undo=release_only_once), Point("undo_twice", ("hold",))),
        (Step("hold", "Hold", forward=hold, undo=None), Point("fails_after_then_unwinds", ("hold",))),
        (Step("hold", "Hold", forward=hold_without_intent, undo=release), Point("fails_after_then_unwinds", ("hold",))),
    ],
    ids=["creates twice", "cannot be undone twice", "forgets its undo", "calls without an intent"],
)
async def test_the_law_finds_a_step_that_breaks_it(case_of, step, point):
    with pytest.raises(AssertionError):
        await prove(case_of(Saga("broken", version=1, steps=(step, *BUILD.steps[1:]))), point)
