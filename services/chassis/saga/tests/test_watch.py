"""Who watches a worker sees each moment of each unit, in the order in which a crash could part them."""

from services.chassis.saga import Done, Moment, Reason, Saga, Step, StepFailed, Wait


async def test_each_moment_is_seen_forward_and_back(workers, operations):
    seen: list[Moment] = []
    waited = False

    async def make(ctx):
        nonlocal waited
        if not waited:
            waited = True
            return Wait(0.0)
        await (await ctx.intent("make", "it")).done()
        return Done()

    async def take_back(ctx):
        return Done()

    async def fail(ctx):
        raise StepFailed(Reason("planted", "It fails."))

    steps = (Step("make", "Make", forward=make, undo=take_back), Step("fail", "Fail", forward=fail))
    workers(Saga("s", version=1, steps=steps), watch=seen.append)
    operation = await operations.becomes(await operations.create(Saga("s", version=1, steps=steps)), "parked")
    await operations.ask("request_undo", operation)
    await operations.becomes(operation, "undone")
    assert {moment.saga for moment in seen} == {"s"} and {moment.unit for moment in seen} == {""}
    look = ["begun", "returned", "written"]
    assert [(moment.phase, moment.step, moment.point) for moment in seen] == [
        *(("forward", "make", point) for point in look * 2),
        ("forward", "fail", "begun"),
        *(("undo", "make", point) for point in look),
    ]
