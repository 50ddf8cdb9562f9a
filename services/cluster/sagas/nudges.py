"""What happens elsewhere and ends a step's wait: told on the bus, it has the operation looked at now."""

from services.chassis.bus import Event
from services.cluster.factory import Factory
from services.cluster.storage.runs import RUN_ENDED


async def hear_of_runs(factory: Factory) -> None:
    """Have an operation go on when a run of it ends. What the bus loses is seen at the step's next look."""

    async def heard(event: Event) -> None:
        if event.data.get("state") not in RUN_ENDED or event.project_id is None:
            return
        async with factory.db.project(event.project_id) as tx:
            await factory.operations.nudge(tx, str(event.data.get("operation_id")))

    await factory.process.events.subscribe(["run.changed"], heard)
