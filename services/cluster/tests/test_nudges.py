"""An operation that waits for a run goes on when the bus tells that the run has ended."""

import pytest
from sqlalchemy import select

from services.chassis.bus import new_event
from services.chassis.saga.tables import OPERATION
from services.chassis.testing.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_end_of_a_run_has_its_operation_looked_at(world):
    alice = await world.person()
    world.hosts.endless = True
    accepted = (await world.create(alice, "nudged")).json()
    await until(lambda: bool(world.hosts.started(accepted["cluster_id"])), seconds=40)
    (run,) = world.hosts.started(accepted["cluster_id"])

    async def nudges():
        async with world.cluster.context.db.project(alice.projects[0]) as tx:
            return (await tx.execute(select(OPERATION.c.nudges))).scalar_one()

    async def tell(state):
        data = {"operation_id": run.operation_id, "cluster_id": accepted["cluster_id"], "state": state}
        event = new_event("run.changed", source="runner", subject=run.run_id, project_id=run.project_id, data=data)
        await world.running["node"].process.events.publish(event)

    async def nudged():
        return await nudges() == 1

    await tell("running")
    await tell("succeeded")
    await until(nudged)
    world.hosts.endless = False
    await world.reach(alice, accepted["operation_id"], "succeeded")
    await world.deleted(alice, accepted["cluster_id"])
