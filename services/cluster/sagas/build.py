"""Build a cluster from its plan.

Parameters: ``plan_id``. The operation's subject is the cluster; its context holds the mandate.
"""

from services.chassis.errors import Problem
from services.chassis.saga import Done, Saga, Step
from services.cluster.domain.outputs import outputs_of
from services.cluster.planning.fit import needs_of
from services.cluster.sagas.configuration import apply_elements, verify_elements
from services.cluster.sagas.deps import Context, access_of, blueprint_of, cluster_of, mandate_of, plan_of
from services.cluster.sagas.machines import batches, create_batch, create_shared, remove_batch, remove_shared
from services.cluster.sagas.reach import reach_batch
from services.cluster.sagas.stopping import stop_runs
from services.cluster.storage.clusters import change_cluster, get_cluster
from services.cluster.storage.hosts import change_each_host, change_hosts, group_of
from services.contracts.blueprint import WHOLE
from services.contracts.node import Allocation, HoldRequest
from services.contracts.secrets import EnsureAuthority, SecretSpec


async def hold_capacity(ctx: Context) -> Done:
    """Hold as many machines of each class as the plan needs, so that nobody else's build takes them."""
    plan = await plan_of(ctx)
    request = HoldRequest(
        project_id=plan.project_id, cluster_id=cluster_of(ctx), cloud_id=plan.cloud_id, items=needs_of(plan.roles)
    )
    intent = await ctx.intent("capacity.hold", key=cluster_of(ctx))
    await ctx.guard()
    try:
        hold = await ctx.deps.nodes.hold(request, mandate_of(ctx))
    except Problem as problem:
        if problem.status == 409:
            await intent.void()
        raise
    await intent.done({"hold": hold.id})
    return Done({"hold": hold.id})


async def release_capacity(ctx: Context) -> Done:
    """Give the hold back."""
    await ctx.guard()
    await ctx.deps.nodes.release(cluster_of(ctx), mandate_of(ctx))
    return Done({})


async def make_authority(ctx: Context) -> Done:
    """Make the cluster's SSH authority and the secrets that its elements need."""
    plan = await plan_of(ctx)
    specs = [
        SecretSpec(f"{element.name}/{secret['name']}", secret["kind"], secret.get("length", 32))
        for element in plan.elements
        for secret in element.secrets
    ]
    intent = await ctx.intent("authority.make", key=cluster_of(ctx))
    await ctx.guard()
    wanted = EnsureAuthority(plan.project_id, cluster_of(ctx), specs)
    authority = await ctx.deps.secrets.ensure(wanted, mandate_of(ctx))
    await intent.done()
    return Done({"public_key": authority.public_key})


async def forget_authority(ctx: Context) -> Done:
    """Destroy the authority and the secrets."""
    await ctx.guard()
    await ctx.deps.secrets.forget(cluster_of(ctx), mandate_of(ctx))
    return Done({})


async def enter_cloud(ctx: Context) -> Done:
    """Have the project's own place at the cloud ready; it stays for the project's next cluster."""
    plan = await plan_of(ctx)
    await ctx.guard()
    await access_of(ctx, plan.cloud_id)
    return Done({})


async def record_machines(ctx: Context) -> Done:
    """Turn the hold into an allocation: which nodes the cluster's servers are on."""
    async with ctx.deps.db.project(ctx.operation.project_id) as tx:
        cluster = await get_cluster(tx, cluster_of(ctx))
    hosts = cluster.hosts if cluster else []
    servers = Allocation(server_ids=[host.server_id for host in hosts if host.server_id])
    await ctx.guard()
    report = await ctx.deps.nodes.allocate(cluster_of(ctx), servers, mandate_of(ctx))
    names = {item.server_id: item.node_name for item in report.items}
    async with ctx.tx() as tx:
        placed = {host.name: {"node_name": names.get(host.server_id or "")} for host in hosts}
        await change_each_host(tx, cluster_of(ctx), placed)
    return Done({"nodes": sorted(name for name in names.values() if name)})


async def finish(ctx: Context) -> Done:
    """Declare the cluster ready and say how to connect."""
    plan = await plan_of(ctx)
    blueprint = await blueprint_of(ctx, plan)
    async with ctx.tx() as tx:
        cluster = await get_cluster(tx, cluster_of(ctx))
        made = await group_of(tx, cluster_of(ctx), WHOLE)
        hosts = cluster.hosts if cluster else []
        outputs = outputs_of(blueprint.outputs, hosts, plan.parameters, made.outputs if made else {})
        await change_hosts(tx, cluster_of(ctx), state="ready", reason=None)
        await change_cluster(tx, cluster_of(ctx), state="ready", reason=None, outputs=outputs)
    return Done({})


BUILD = Saga(
    "cluster.build",
    version=1,
    steps=(
        Step("hold_capacity", "Hold machines", forward=hold_capacity, undo=release_capacity),
        Step("make_authority", "Make keys and secrets", forward=make_authority, undo=forget_authority),
        Step("enter_cloud", "Enter the cloud", forward=enter_cloud),
        Step("create_shared", "Make networks", forward=create_shared, undo=remove_shared, deadline_seconds=600),
        Step(
            "create_machines",
            "Put machines into service",
            units=batches,
            forward=create_batch,
            undo=remove_batch,
            deadline_seconds=7200,
            parallel=8,
        ),
        Step("record_machines", "Record the machines", forward=record_machines),
        Step("reach_hosts", "Reach the hosts", units=batches, forward=reach_batch, deadline_seconds=900, parallel=8),
        Step("configure", "Configure", forward=apply_elements, undo=stop_runs, deadline_seconds=14400),
        Step("verify", "Verify", forward=verify_elements, undo=stop_runs, deadline_seconds=3600),
        Step("finish", "Declare it ready", forward=finish),
    ),
)
