"""What is done about a machine group that has failed: it is told once, and mended when the operation is resumed."""

from datetime import UTC, datetime, timedelta

from services.chassis.cloud import CloudAccess
from services.chassis.saga import Intent, Reason, StepFailed, Wait
from services.cluster.domain.machine_group import GroupState, Observation
from services.cluster.planning.batches import batches_of
from services.cluster.sagas.deps import Context, cluster_of, mandate_of
from services.cluster.sagas.group_spec import spec_of
from services.cluster.sagas.machine_health import complaints, evidence_of, health_of, size_of
from services.cluster.storage.hosts import forget_group, group_of, record_group
from services.contracts.blueprint import SHARED
from services.contracts.cluster import Plan

LOOK_SECONDS = (0.25, 3.0)
_RENEWAL = "cloud.log-in"
_MOST_RENEWALS = 10
_GIVING_BACK = "servers.give-back"
_GIVING_BACK_PATIENCE = timedelta(minutes=15)
_GIVING_BACK_LOOK_SECONDS = 3.0


async def unproven(ctx: Context, plan: Plan, key: str, access: CloudAccess, seen: Observation) -> Wait | None:
    """Wait for machines that Heat counted in when it was repaired; those that have failed are made anew.

    Raises StepFailed when one was lost since.
    """
    report = await health_of(ctx, plan, seen)
    if any(item.reason and item.node_id is None for item in report):
        sentence = f"Machines of {key} were lost while the cloud was mending them."
        raise StepFailed(await evidence_of(ctx, plan, seen, "machines-failed", sentence))
    in_service = sum(item.state == "active" for item in report)
    if in_service == len(report):
        return None
    lost = "; ".join(complaints(report))
    if failed := ctx.deps.standstills.failed(seen, report):
        spec = await spec_of(ctx, plan, key)
        await ctx.deps.groups.repair(access, seen.backend_ref or "", spec, ctx.guard, failed)
        return Wait(seconds=ctx.pause(*LOOK_SECONDS), note=f"{lost} The cloud is asked for another machine.")
    return Wait(
        seconds=ctx.pause(*LOOK_SECONDS), note=lost or f"{in_service} of {len(report)} machines are in service."
    )


async def mend(ctx: Context, plan: Plan, key: str, access: CloudAccess, intent: Intent, seen: Observation) -> Wait:
    """Go on with a group that had failed and was resumed: what is missing is made, all of it if the group is gone."""
    if seen.state is GroupState.REMOVING:
        return Wait(
            seconds=ctx.pause(*LOOK_SECONDS),
            note="Somebody removes the machines at the cloud; they are made anew then.",
        )
    if seen.state is GroupState.GONE:
        async with ctx.tx() as tx:
            await forget_group(tx, cluster_of(ctx), key)
        await intent.void()
        return Wait(seconds=0, note="The machines were removed at the cloud; they are made anew.")
    if key != SHARED and (wait := await _free_machines(ctx, plan, key, access, seen)):
        return wait
    await ctx.deps.groups.repair(access, seen.backend_ref or "", await spec_of(ctx, plan, key), ctx.guard)
    await tell_failure(ctx, plan, key, told=False)
    return Wait(seconds=ctx.pause(*LOOK_SECONDS), note="The cloud is asked to make what is missing.")


async def _free_machines(ctx: Context, plan: Plan, key: str, access: CloudAccess, seen: Observation) -> Wait | None:
    """Give servers back that failed, and wait until as many machines are free as are missing, or patience ends.

    Heat asks for other machines before it gives the failed ones back: where no others are free, it finds none.
    """
    before = sum(intent.kind == _GIVING_BACK and intent.state == "done" for intent in await ctx.intents())
    until = (datetime.now(UTC) + _GIVING_BACK_PATIENCE).isoformat()
    intent = await ctx.intent(_GIVING_BACK, key=f"{cluster_of(ctx)}/{key}/{before}", payload={"until": until})
    working = await ctx.deps.servers.give_back_failed(access, [one.server_id for one in seen.members], ctx.guard)
    missing, free = size_of(plan, key) - working, await _free(ctx, plan, key)
    if free < missing and datetime.now(UTC) < datetime.fromisoformat(intent.payload["until"]):
        note = f"The cloud takes failed machines back: {missing} are needed, {free} are free."
        return Wait(seconds=_GIVING_BACK_LOOK_SECONDS, note=note)
    await intent.done({"needed": missing, "free": free})
    return None


async def _free(ctx: Context, plan: Plan, key: str) -> int:
    """Return how many machines are free of the classes that a batch is made of."""
    (batch,) = (batch for batch in batches_of(plan) if batch.key == key)
    classes = {role.resource_class for role in plan.roles if role.name in batch.hosts}
    capacity = await ctx.deps.nodes.capacity(mandate_of(ctx), fresh=True)
    return sum(
        item.free for item in capacity.items if item.cloud_id == plan.cloud_id and item.resource_class in classes
    )


async def may_renew(ctx: Context) -> bool:
    """Tell whether a group may be tried with a new log-in, and count it; one that is never taken is a failure."""
    before = sum(intent.kind == _RENEWAL for intent in await ctx.intents())
    if before >= _MOST_RENEWALS:
        return False
    intent = await ctx.intent(_RENEWAL, key=f"{cluster_of(ctx)}/{before}")
    await intent.done()
    return True


async def failure_was_told(ctx: Context, plan: Plan, key: str) -> bool:
    """Tell whether the step has failed with this group before: then it was resumed, and the group is mended."""
    async with ctx.deps.db.project(plan.project_id) as tx:
        row = await group_of(tx, cluster_of(ctx), key)
    return bool(row and row.failure_told)


async def tell_failure(ctx: Context, plan: Plan, key: str, *, told: bool) -> None:
    """Keep whether the step has failed with this group."""
    row = {"project_id": plan.project_id, "cloud_id": plan.cloud_id, "failure_told": told}
    async with ctx.tx() as tx:
        await record_group(tx, cluster_of(ctx), key, **row)


async def reason_of(ctx: Context, plan: Plan, key: str, seen: Observation) -> Reason:
    """Return why a group is not there."""
    if seen.state in (GroupState.GONE, GroupState.REMOVING) or seen.removal_failed:
        sentence = f"The machines of {key} were removed at the cloud by somebody else. Resume to make them anew."
    else:
        sentence = f"The cloud could not put the machines of {key} into service."
    return await evidence_of(ctx, plan, seen, "machines-failed", sentence)
