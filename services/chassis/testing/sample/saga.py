"""A saga that has all that sagas have: a hold, parts that fan out and wait, rows with an event, a check."""

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.bus import new_event
from services.chassis.outbox import outbox
from services.chassis.saga import Change, Done, Operation, Reason, Saga, Step, StepContext, StepFailed, Unit, Wait
from services.chassis.testing.sample.schema import things
from services.chassis.testing.sample.world import World

Context = StepContext[World]


async def hold(ctx: Context) -> Done:
    """Make the hold outside."""
    await _ensure(ctx, f"hold-{ctx.operation.subject}")
    return Done({"hold": f"hold-{ctx.operation.subject}"})


async def release(ctx: Context) -> Done:
    """Take the hold back."""
    await _remove_all(ctx)
    return Done()


async def parts(ctx: Context) -> list[Unit]:
    """One unit for each part that is asked for."""
    return [Unit(f"p{number}", {"number": number}) for number in range(ctx.params.get("parts", 3))]


async def make_part(ctx: Context) -> Done | Wait:
    """Make a part, then wait once until it counts as ready."""
    name = f"part-{ctx.operation.subject}-{ctx.unit.key}"
    if not ctx.deps.find(name):
        await _ensure(ctx, name)
        return Wait(0.02, "waiting for the part")
    await _ensure(ctx, name)
    return Done({"name": name})


async def remove_part(ctx: Context) -> Done:
    """Remove a part."""
    await _remove_all(ctx)
    return Done()


async def register(ctx: Context) -> Done:
    """Write the row and its event in one commit."""
    values = {"id": ctx.operation.subject, "project_id": ctx.operation.project_id, "name": "built"}
    async with ctx.tx() as transaction:
        written = await transaction.execute(
            insert(things).values(values).on_conflict_do_nothing().returning(things.c.id)
        )
        if written.scalar_one_or_none():
            await outbox.add(transaction, new_event("thing.built", source="sample", subject=ctx.operation.subject))
    return Done()


async def deregister(ctx: Context) -> Done:
    """Take the row back."""
    async with ctx.tx() as transaction:
        await transaction.execute(delete(things).where(things.c.id == ctx.operation.subject))
    return Done()


async def verify(ctx: Context) -> Done:
    """See that every part is there exactly once."""
    for part in ctx.results_of("make_parts").values():
        if len(ctx.deps.find(part["name"])) != 1:
            raise StepFailed(Reason("part-missing", f"{part['name']} is not there exactly once. Resume to try again."))
    return Done()


async def _ensure(ctx: Context, name: str) -> None:
    """Find before create, under an intent and the guard."""
    intent = await ctx.intent("create", name)
    if not ctx.deps.find(name):
        await ctx.guard()
        await ctx.deps.create(name, ctx.tags)
    await intent.done()


async def _remove_all(ctx: Context) -> None:
    for intent in await ctx.intents():
        await ctx.guard()
        await ctx.deps.delete(intent.key)
        await intent.void()


async def tell(transaction: AsyncConnection, operation: Operation, change: Change) -> None:
    """Put an event in the outbox for each change of the operation itself."""
    if change.step is None:
        data = {"state": change.state}
        await outbox.add(transaction, new_event("operation.changed", source="sample", subject=operation.id, data=data))


BUILD = Saga(
    "sample.build",
    version=1,
    steps=(
        Step("hold", "Hold what is needed", forward=hold, undo=release),
        Step("make_parts", "Make the parts", units=parts, forward=make_part, undo=remove_part, parallel=2),
        Step("register", "Write it down", forward=register, undo=deregister),
        Step("verify", "See that it is there", forward=verify),
    ),
)
