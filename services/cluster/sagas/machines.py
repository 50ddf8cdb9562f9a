"""Machine groups as steps: made batch by batch, watched, and taken back."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import yaml

from services.chassis.cloud import CloudAccess
from services.chassis.saga import Done, Intent, Reason, StepFailed, Unit, Wait
from services.cluster.domain.machine_group import GroupSpec, GroupState, Member, Observation
from services.cluster.domain.placement import unplaced
from services.cluster.planning.batches import Batch, batches_of, template_parameters
from services.cluster.sagas.deps import Context, access_of, blueprint_of, cluster_of, mandate_of, plan_of
from services.cluster.storage.clusters import GROUP_INTENT
from services.cluster.storage.hosts import change_batch, change_each_host, forget_group, group_of, record_group
from services.contracts.blueprint import SHARED, BlueprintVersion
from services.contracts.cluster import Plan
from services.contracts.node import HealthRequest, ServerHealth

_LOOK_SECONDS = (0.25, 3.0)
_RENEWAL = "cloud.log-in"
_MOST_RENEWALS = 10
_RENEWED = "The cloud's log-in ended while it worked on the machines; it goes on with a new one."
_TAKEN_BACK = "The cloud takes the machines back."
_AUTHORITY_FILE = "/etc/ssh/cloudpoint_authority.pub"
_SSHD_FILE = "/etc/ssh/sshd_config.d/10-cloudpoint.conf"


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
        reference = await ctx.deps.groups.create(access, await _spec(ctx, plan, key), ctx.guard)
        await intent.done({"backend_ref": reference})
        await _record(ctx, plan, key, reference, {})
    else:
        reference = intent.outcome["backend_ref"]
    seen = await ctx.deps.groups.observe(access, reference)
    if seen.state is GroupState.COMPLETE:
        if seen.mended and (wait := await _unproven(ctx, plan, key, seen)):
            return wait
        await _record(ctx, plan, key, seen.backend_ref, seen.outputs, seen.members)
        return Done({"backend_ref": seen.backend_ref, "machines": len(seen.members)})
    if seen.state is GroupState.CHANGING:
        return await _follow(ctx, plan, key, access, seen)
    if seen.login_ended and await _may_renew(ctx):
        await ctx.deps.groups.repair(access, seen.backend_ref or "", await _spec(ctx, plan, key), ctx.guard)
        return Wait(seconds=ctx.pause(*_LOOK_SECONDS), note=_RENEWED)
    if not await _failure_was_told(ctx, plan, key):
        await _tell_failure(ctx, plan, key, told=True)
        raise StepFailed(await _reason(ctx, plan, key, seen))
    return await _mend(ctx, plan, key, access, intent, seen)


async def _follow(ctx: Context, plan: Plan, key: str, access: CloudAccess, seen: Observation) -> Wait:
    """Say how far a group is that is being made, and have a cloud go on with it that stands still."""
    report = await _health(ctx, plan, seen)
    still = ctx.deps.standstills.told(seen, report)
    if still is None:
        return Wait(seconds=ctx.pause(*_LOOK_SECONDS), note=_note(plan, key, seen, report))
    await ctx.deps.groups.repair(access, seen.backend_ref or "", await _spec(ctx, plan, key), ctx.guard)
    return Wait(seconds=ctx.pause(*_LOOK_SECONDS), note=still)


async def _unproven(ctx: Context, plan: Plan, key: str, seen: Observation) -> Wait | None:
    """Wait for machines that Heat counted in when it was repaired; those that have failed are made anew.

    Raises StepFailed when one was lost since.
    """
    report = await _health(ctx, plan, seen)
    if any(item.reason and item.node_id is None for item in report):
        sentence = f"Machines of {key} were lost while the cloud was mending them."
        raise StepFailed(await _evidence(ctx, plan, seen, "machines-failed", sentence))
    in_service = sum(item.state == "active" for item in report)
    if in_service == len(report):
        return None
    lost = "; ".join(_complaints(report))
    if failed := ctx.deps.standstills.failed(seen, report):
        access, spec = await access_of(ctx, plan.cloud_id), await _spec(ctx, plan, key)
        await ctx.deps.groups.repair(access, seen.backend_ref or "", spec, ctx.guard, failed)
        return Wait(seconds=ctx.pause(*_LOOK_SECONDS), note=f"{lost} The cloud is asked for another machine.")
    return Wait(
        seconds=ctx.pause(*_LOOK_SECONDS), note=lost or f"{in_service} of {len(report)} machines are in service."
    )


async def _mend(
    ctx: Context, plan: Plan, key: str, access: CloudAccess, intent: Intent, seen: Observation
) -> Done | Wait:
    """Go on with a group that had failed and was resumed: what is missing is made, all of it if the group is gone."""
    if seen.state is GroupState.REMOVING:
        return Wait(
            seconds=ctx.pause(*_LOOK_SECONDS),
            note="Somebody removes the machines at the cloud; they are made anew then.",
        )
    if seen.state is GroupState.GONE:
        async with ctx.tx() as tx:
            await forget_group(tx, cluster_of(ctx), key)
        await intent.void()
        return Wait(seconds=0, note="The machines were removed at the cloud; they are made anew.")
    await ctx.deps.groups.repair(access, seen.backend_ref or "", await _spec(ctx, plan, key), ctx.guard)
    await _tell_failure(ctx, plan, key, told=False)
    return Wait(seconds=ctx.pause(*_LOOK_SECONDS), note="The cloud is asked to make what is missing.")


async def _may_renew(ctx: Context) -> bool:
    """Tell whether a group may be tried with a new log-in, and count it; one that is never taken is a failure."""
    before = sum(intent.kind == _RENEWAL for intent in await ctx.intents())
    if before >= _MOST_RENEWALS:
        return False
    intent = await ctx.intent(_RENEWAL, key=f"{cluster_of(ctx)}/{before}")
    await intent.done()
    return True


async def _failure_was_told(ctx: Context, plan: Plan, key: str) -> bool:
    """Tell whether the step has failed with this group before: then it was resumed, and the group is mended."""
    async with ctx.deps.db.project(plan.project_id) as tx:
        row = await group_of(tx, cluster_of(ctx), key)
    return bool(row and row.failure_told)


async def _tell_failure(ctx: Context, plan: Plan, key: str, *, told: bool) -> None:
    row = {"project_id": plan.project_id, "cloud_id": plan.cloud_id, "failure_told": told}
    async with ctx.tx() as tx:
        await record_group(tx, cluster_of(ctx), key, **row)


async def _remove(ctx: Context, key: str) -> Done | Wait:
    plan = await plan_of(ctx)
    access = await access_of(ctx, plan.cloud_id)
    reference = await _reference(ctx, plan, key, access)
    if reference is None:
        return await _gone(ctx, key)
    seen = await ctx.deps.groups.observe(access, reference)
    if seen.state is GroupState.GONE:
        return await _gone(ctx, key)
    if seen.removal_failed and not (seen.login_ended and await _may_renew(ctx)):
        await _judge_removal(ctx, plan, key, seen)
    if seen.state is GroupState.REMOVING:
        return await _follow_removal(ctx, plan, access, seen)
    async with ctx.tx() as tx:
        await change_batch(tx, cluster_of(ctx), key, state="removing")
    await ctx.deps.groups.remove(access, reference, ctx.guard)
    return Wait(seconds=ctx.pause(*_LOOK_SECONDS), note=_TAKEN_BACK)


async def _follow_removal(ctx: Context, plan: Plan, access: CloudAccess, seen: Observation) -> Wait:
    """Say what is wrong with a machine that is taken back, and have a cloud go on with it that stands still."""
    report = await _health(ctx, plan, seen)
    still = ctx.deps.standstills.told(seen, report)
    if still is None:
        # That a server's machine is gone is what is wanted.
        wrong = "; ".join(_complaints(item for item in report if item.node_id))
        return Wait(seconds=ctx.pause(*_LOOK_SECONDS), note=wrong or _TAKEN_BACK)
    await ctx.deps.groups.remove(access, seen.backend_ref or "", ctx.guard)
    return Wait(seconds=ctx.pause(*_LOOK_SECONDS), note=still)


async def _judge_removal(ctx: Context, plan: Plan, key: str, seen: Observation) -> None:
    """Let a removal that failed be tried once more; raises StepFailed when it was."""
    tried = await _failure_was_told(ctx, plan, key)
    await _tell_failure(ctx, plan, key, told=not tried)
    if tried:
        sentence = f"The cloud could not take the machines of {key} back."
        raise StepFailed(await _evidence(ctx, plan, seen, "machines-not-given-back", sentence))


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


async def _spec(ctx: Context, plan: Plan, key: str) -> GroupSpec:
    blueprint = await blueprint_of(ctx, plan)
    batch = None if key == SHARED else next(batch for batch in batches_of(plan) if batch.key == key)
    return GroupSpec(
        cluster_id=cluster_of(ctx),
        cluster_name=plan.cluster_name,
        key=key,
        template=blueprint.templates[batch.template if batch else SHARED],
        files=blueprint.template_files,
        parameters=await _batch_parameters(ctx, plan, blueprint, batch) if batch else _shared_parameters(ctx, plan),
        marks={"operation": ctx.operation.id, "fence": str(ctx.operation.fence)},
    )


def _shared_parameters(ctx: Context, plan: Plan) -> dict[str, Any]:
    return {"network": ctx.deps.settings.clouds[plan.cloud_id].network}


async def _batch_parameters(ctx: Context, plan: Plan, blueprint: BlueprintVersion, batch: Batch) -> dict[str, Any]:
    async with ctx.deps.db.project(plan.project_id) as tx:
        shared = await group_of(tx, cluster_of(ctx), SHARED)
    return {
        **template_parameters(plan, blueprint, batch),
        "image": ctx.deps.settings.clouds[plan.cloud_id].image,
        "network": shared.outputs["network"] if shared else "",
        "user_data": user_data(ctx.result_of("make_authority")["public_key"]),
        "metadata": {"cloudpoint_cluster": cluster_of(ctx), "cloudpoint_operation": ctx.operation.id},
    }


def user_data(authority: str) -> str:
    """Return the cloud-config by which a machine trusts the cluster's SSH authority, and nobody else's."""
    document = {
        "write_files": [
            {"path": _AUTHORITY_FILE, "content": f"{authority}\n", "permissions": "0644"},
            {"path": _SSHD_FILE, "content": f"TrustedUserCAKeys {_AUTHORITY_FILE}\n", "permissions": "0644"},
        ],
        "runcmd": [["systemctl", "try-reload-or-restart", "ssh.service"]],
    }
    return "#cloud-config\n" + yaml.safe_dump(document, sort_keys=False)


def _note(plan: Plan, key: str, seen: Observation, report: list[ServerHealth]) -> str:
    """Say how far the machines are, and what is wrong with one as soon as Ironic knows it, or Nova keeps silent."""
    if key == SHARED:
        return "The cloud makes what all machines share."
    # A server that lost a machine of which nothing is known is on its way to another one, or `late`.
    wrong = _complaints(item for item in report if item.node_name)
    late = unplaced(seen.members, report, datetime.now(UTC))
    active = sum(item.state == "active" for item in report)
    return "; ".join([*wrong, *filter(None, [late])]) or f"{active} of {_size(plan, key)} machines are in service."


def _complaints(report: Iterable[ServerHealth]) -> list[str]:
    return [f"{item.node_name}: {item.reason}" for item in report if item.reason]


def _size(plan: Plan, key: str) -> int:
    """How many machines a group is to have."""
    return sum(len(batch.names) for batch in batches_of(plan) if batch.key == key)


async def _reason(ctx: Context, plan: Plan, key: str, seen: Observation) -> Reason:
    if seen.state in (GroupState.GONE, GroupState.REMOVING) or seen.removal_failed:
        sentence = f"The machines of {key} were removed at the cloud by somebody else. Resume to make them anew."
    else:
        sentence = f"The cloud could not put the machines of {key} into service."
    return await _evidence(ctx, plan, seen, "machines-failed", sentence)


async def _evidence(ctx: Context, plan: Plan, seen: Observation, slug: str, sentence: str) -> Reason:
    """Return a reason with the cloud's own words and what Ironic says of each machine that is wrong."""
    report = await _health(ctx, plan, seen)
    machines = [
        f"{item.node_name or item.server_id}: {item.last_error or item.reason}" for item in report if item.reason
    ]
    runbook = f"{ctx.deps.settings.runbooks}/{slug}.md"
    return Reason(slug, sentence, evidence="\n".join(filter(None, [seen.words, *machines])) or None, runbook=runbook)


async def _health(ctx: Context, plan: Plan, seen: Observation) -> list[ServerHealth]:
    servers = [member.server_id for member in seen.members]
    if not servers:
        return []
    request = HealthRequest(
        project_id=plan.project_id, cloud_id=plan.cloud_id, server_ids=servers, cluster_id=cluster_of(ctx)
    )
    return (await ctx.deps.nodes.health(request, mandate_of(ctx))).items
