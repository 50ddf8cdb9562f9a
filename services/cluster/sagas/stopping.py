"""Stop what runs on a cluster's hosts."""

from services.chassis.errors import Problem
from services.chassis.saga import Done, Wait
from services.cluster.sagas.deps import Context, cluster_of, mandate_of
from services.cluster.storage.runs import RUN_ENDED, change_run, states_of_runs

_LOOK_SECONDS = 1.0


async def stop_runs(ctx: Context) -> Done | Wait:
    """Cancel the runs of the cluster that have not ended; done when all have.

    One may run that is not recorded: a worker dies between the call that starts a run and its record.
    """
    async with ctx.deps.db.project(ctx.operation.project_id) as tx:
        recorded = await states_of_runs(tx, cluster_of(ctx))
    begun = {intent.key for intent in await ctx.intents() if intent.kind == "run.start"}
    going_on = {run_id for run_id, state in recorded.items() if state not in RUN_ENDED} | (begun - recorded.keys())
    states = {run_id: await _cancelled(ctx, run_id) for run_id in sorted(going_on)}
    async with ctx.tx() as tx:
        for run_id, state in states.items():
            await change_run(tx, run_id, state=state)
    if all(state in RUN_ENDED for state in states.values()):
        return Done({})
    return Wait(seconds=_LOOK_SECONDS, note="The run on the hosts is being cancelled.")


async def _cancelled(ctx: Context, run_id: str) -> str:
    """Cancel a run and return its state; one that the runner does not know never began, or is lost."""
    await ctx.guard()
    try:
        await ctx.deps.runner.cancel(run_id, mandate_of(ctx))
        return (await ctx.deps.runner.show(run_id, mandate_of(ctx))).state
    except Problem as problem:
        if problem.status != 404:
            raise
        return "lost"
