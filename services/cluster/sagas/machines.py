"""Machine groups as steps: made batch by batch, watched, and taken back."""

from typing import Any

from services.chassis.cloud import CloudAccess
from services.chassis.saga import Done, StepFailed, Unit, Wait
from services.cluster.domain.machine_group import GroupState, Member, Observation
from services.cluster.planning.batches import batches_of
from services.cluster.sagas.deps import Context, access_of, cluster_of, plan_of
from services.cluster.sagas.group_spec import spec_of
from services.cluster.sagas.machine_health import complaints, evidence_of, health_of, note_of
from services.cluster.sagas.mending import (
    LOOK_SECONDS,
    failure_was_told,
    may_renew,
    mend,
    reason_of,
    tell_failure,
    unproven,
)
from services.cluster.storage.clusters import GROUP_INTENT
from services.cluster.storage.hosts import change_batch, change_each_host, forget_group, group_of, record_group
from services.contracts.blueprint import SHARED
from services.contracts.cluster import Plan

_RENEWED = "The cloud's log-in ended while it worked on the machines; it goes on with a new one."
_MADE = "The cloud makes what was asked for."
_TAKEN_BACK = "The cloud takes the machines back."


async def batches(ctx: Context) -> list[Unit]:
    """One unit a batch of machines."""
    return [Unit(batch.key, {"machines": len(batch.names)}) for batch in batches_of(await plan_of(ctx))]


async def create_shared(ctx: Context) -> Done | Wait:
    """Make what all batches share: networks, rules, volumes."""
    return await _create(ctx, SHARED)


async def create_batch(ctx: Context) -> Done | Wait:
    """Make one batch of machines and learn their servers and addresses."""
    return await _create(ctx, ctx.unit.key)


async def remove_shared(ctx: Context) -> Done | Wait:
    """Take back what the batches shared."""
    return await _remove(ctx, SHARED)


async def remove_batch(ctx: Context) -> Done | Wait:
    """Give one batch of machines back."""
    return await _remove(ctx, ctx.unit.key)


async def _create(ctx: Context, key: str) -> Done | Wait:
    plan = await plan_of(ctx)
    access = await access_of(ctx, plan.cloud_id)
    intent = await ctx.intent(GROUP_INTENT, key=f"{cluster_of(ctx)}/{key}", payload={"group": key})
    if intent.outcome is None:
        reference = await ctx.deps.groups.create(access, await spec_of(ctx, plan, key), ctx.guard)
        await intent.done({"backend_ref": reference})
        await _record(ctx, plan, key, reference, {})
    else:
        reference = intent.outcome["backend_ref"]
    closely = ctx.deps.closer_looks.due(reference)
    seen = await ctx.deps.groups.observe(access, reference, closely=closely)
    if seen.state is GroupState.COMPLETE:
        if seen.mended and (wait := await unproven(ctx, plan, key, access, seen)):
            return wait
        await _record(ctx, plan, key, seen.backend_ref, seen.outputs, seen.members)
        return Done({"backend_ref": seen.backend_ref, "machines": len(seen.members)})
    if seen.state is GroupState.CHANGING:
        return await _follow(ctx, plan, key, access, seen) if closely else _glanced(ctx, _MADE)
    if seen.login_ended and await may_renew(ctx):
        await ctx.deps.groups.repair(access, seen.backend_ref or "", await spec_of(ctx, plan, key), ctx.guard)
        return Wait(seconds=ctx.pause(*LOOK_SECONDS), note=_RENEWED)
    if not await failure_was_told(ctx, plan, key):
        await tell_failure(ctx, plan, key, told=True)
        raise StepFailed(await reason_of(ctx, plan, key, seen))
    return await mend(ctx, plan, key, access, intent, seen)


def _glanced(ctx: Context, note: str) -> Wait:
    """Wait on after a look that told no more than that a group is not done; what is shown of it stays."""
    return Wait(seconds=ctx.pause(*LOOK_SECONDS), note=ctx.shown or note)


async def _follow(ctx: Context, plan: Plan, key: str, access: CloudAccess, seen: Observation) -> Wait:
    """Say how far a group is that is being made, and have a cloud go on with it that stands still."""
    report = await health_of(ctx, plan, seen)
    still = ctx.deps.standstills.told(seen, report)
    if still is None:
        return Wait(seconds=ctx.pause(*LOOK_SECONDS), note=note_of(plan, key, seen, report))
    await ctx.deps.groups.repair(access, seen.backend_ref or "", await spec_of(ctx, plan, key), ctx.guard)
    return Wait(seconds=ctx.pause(*LOOK_SECONDS), note=still)


async def _remove(ctx: Context, key: str) -> Done | Wait:
    plan = await plan_of(ctx)
    access = await access_of(ctx, plan.cloud_id)
    reference = await _reference(ctx, plan, key, access)
    if reference is None:
        return await _gone(ctx, key)
    closely = ctx.deps.closer_looks.due(reference)
    seen = await ctx.deps.groups.observe(access, reference, closely=closely)
    if seen.state is GroupState.GONE:
        return await _gone(ctx, key)
    if seen.removal_failed and not (seen.login_ended and await may_renew(ctx)):
        await _judge_removal(ctx, plan, key, seen)
    if seen.state is GroupState.REMOVING:
        return await _follow_removal(ctx, plan, access, seen) if closely else _glanced(ctx, _TAKEN_BACK)
    async with ctx.tx() as tx:
        await change_batch(tx, cluster_of(ctx), key, state="removing")
    await ctx.deps.groups.remove(access, reference, ctx.guard)
    return Wait(seconds=ctx.pause(*LOOK_SECONDS), note=_TAKEN_BACK)


async def _follow_removal(ctx: Context, plan: Plan, access: CloudAccess, seen: Observation) -> Wait:
    """Say what is wrong with a machine that is taken back, and have a cloud go on with it that stands still."""
    report = await health_of(ctx, plan, seen)
    still = ctx.deps.standstills.told(seen, report)
    if still is None:
        # That a server's machine is gone is what is wanted.
        wrong = "; ".join(complaints(item for item in report if item.node_id))
        return Wait(seconds=ctx.pause(*LOOK_SECONDS), note=wrong or _TAKEN_BACK)
    await ctx.deps.groups.remove(access, seen.backend_ref or "", ctx.guard)
    return Wait(seconds=ctx.pause(*LOOK_SECONDS), note=still)


async def _judge_removal(ctx: Context, plan: Plan, key: str, seen: Observation) -> None:
    """Let a removal that failed be tried once more; raises StepFailed when it was."""
    tried = await failure_was_told(ctx, plan, key)
    await tell_failure(ctx, plan, key, told=not tried)
    if tried:
        sentence = f"The cloud could not take the machines of {key} back."
        raise StepFailed(await evidence_of(ctx, plan, seen, "machines-not-given-back", sentence))


async def _gone(ctx: Context, key: str) -> Done:
    async with ctx.tx() as tx:
        await forget_group(tx, cluster_of(ctx), key)
        await change_batch(tx, cluster_of(ctx), key, state="removed", address=None, server_id=None, host_keys=[])
    return Done({})


async def _reference(ctx: Context, plan: Plan, key: str, access: CloudAccess) -> str | None:
    """Return the group's reference: the recorded one, else one that a lost answer left at the cloud."""
    async with ctx.deps.db.project(plan.project_id) as tx:
        row = await group_of(tx, cluster_of(ctx), key)
    known: str | None = row.backend_ref if row else None
    return known or await ctx.deps.groups.find(access, cluster_of(ctx), plan.cluster_name, key)


async def _record(
    ctx: Context,
    plan: Plan,
    key: str,
    reference: str | None,
    outputs: dict[str, Any],
    members: tuple[Member, ...] = (),
) -> None:
    cluster_id = cluster_of(ctx)
    row = {"project_id": plan.project_id, "cloud_id": plan.cloud_id, "backend_ref": reference, "outputs": outputs}
    async with ctx.tx() as tx:
        await record_group(tx, cluster_id, key, **row)
        if not members:
            await change_batch(tx, cluster_id, key, state="deploying")
        active = {"state": "active", "reason": None}
        found = {one.name: {**active, "server_id": one.server_id, "address": one.address} for one in members}
        await change_each_host(tx, cluster_id, found)
