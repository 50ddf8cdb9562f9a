"""What happens to machines that somebody removes at the cloud while they are being made."""

import asyncio

import msgspec
import pytest

from services.chassis.saga import Done, OperationStore, Saga, SagaSettings, SagaWorker, Wait
from services.chassis.testing.waiting import until
from services.cluster.sagas.build import BUILD
from services.cluster.sagas.delete import DELETE
from services.cluster.sagas.follow import follow
from services.cluster.sagas.machines import create_batch
from services.cluster.tests.case import Case

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def unguarded() -> None:
    """Somebody else, who holds no lease."""


def removed_once(case: Case) -> Saga:
    """Return the build, disturbed once: a batch that is just complete is removed at the cloud."""
    removed: list[str] = []

    async def create(ctx):
        outcome = await create_batch(ctx)
        if not isinstance(outcome, Done) or removed:
            return outcome
        removed.append(ctx.unit.key)
        await case.factory.deps.groups.remove(await case.access(), outcome.result["backend_ref"], unguarded)
        return Wait(seconds=0.2)

    steps = [
        msgspec.structs.replace(step, forward=create) if step.name == "create_machines" else step
        for step in BUILD.steps
    ]
    return Saga(BUILD.name, version=BUILD.version, steps=steps)


async def test_a_resume_makes_anew_what_was_removed_at_the_cloud(world):
    case = Case(world, (await world.person()).projects[0])
    plan = await case.plan()
    db, saga = case.factory.db, removed_once(case)
    store = OperationStore([saga, DELETE], follow)
    task = asyncio.create_task(
        SagaWorker(db, [saga, DELETE], case.factory.deps, SagaSettings(poll_seconds=0.1), on_change=follow).run()
    )

    async def begun(which: Saga) -> str:
        async with db.project(case.project) as tx:
            what = {"project_id": case.project, "subject": case.cluster_id, "params": {"plan_id": plan.id}}
            return (await store.create(tx, which, context=case.context, **what)).id

    async def reach(operation_id: str, state: str):
        async def there() -> bool:
            async with db.project(case.project) as tx:
                operation = await store.get(tx, operation_id)
            assert operation.state in (state, "queued", "running"), operation
            found[:] = [operation]
            return operation.state == state

        found: list = []
        await until(there, 60)
        return found[0]

    try:
        build = await begun(saga)
        parked = await reach(build, "parked")
        assert parked.reason.slug == "machines-failed" and "removed at the cloud" in parked.reason.sentence
        assert parked.reason.runbook.endswith("machines-failed.md")
        async with db.project(case.project) as tx:
            await store.resume(tx, build)
        await reach(build, "succeeded")
        await case.stands()
        await reach(await begun(DELETE), "succeeded")
        await case.gone()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
