"""Delete a cluster: everything it had is taken back; only its history stays.

Parameters: ``plan_id``. It can't be undone; what fails parks and is resumed.
"""

from services.chassis.saga import Done, Saga, Step
from services.cluster.sagas.build import forget_authority, release_capacity
from services.cluster.sagas.deps import Context, cluster_of
from services.cluster.sagas.machines import batches, remove_batch, remove_shared
from services.cluster.sagas.stopping import stop_runs
from services.cluster.storage.clusters import change_cluster


async def finish(ctx: Context) -> Done:
    """Declare the cluster deleted."""
    async with ctx.tx() as tx:
        await change_cluster(tx, cluster_of(ctx), state="deleted", reason=None)
    return Done({})


DELETE = Saga(
    "cluster.delete",
    version=1,
    reversible=False,
    steps=(
        Step("stop_runs", "Stop what runs on the hosts", forward=stop_runs, deadline_seconds=300),
        Step(
            "remove_machines",
            "Give the machines back",
            units=batches,
            forward=remove_batch,
            deadline_seconds=7200,
            parallel=8,
        ),
        Step("remove_shared", "Remove networks", forward=remove_shared, deadline_seconds=600),
        Step("forget_authority", "Destroy keys and secrets", forward=forget_authority),
        Step("release_capacity", "Release the hold", forward=release_capacity),
        Step("finish", "Declare it deleted", forward=finish),
    ),
)
