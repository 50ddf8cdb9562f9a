"""First contact: the machines' SSH answers on the provisioning network, and their host keys are pinned."""

from services.chassis.saga import Done, Wait
from services.cluster.sagas.deps import Context, cluster_of, mandate_of, plan_of
from services.cluster.storage.hosts import batch_of, change_each_host
from services.contracts.cluster import Host
from services.contracts.runs import Probe, ProbeRequest, StreamHost

_LOOK_SECONDS = (0.2, 2.0)


async def reach_batch(ctx: Context) -> Done | Wait:
    """Probe the hosts of one batch that were not reached yet."""
    plan = await plan_of(ctx)
    async with ctx.deps.db.project(plan.project_id) as tx:
        batch = await batch_of(tx, cluster_of(ctx), ctx.unit.key)
    missing = [host for host in batch if host.state in ("active", "deploying")]
    if not missing:
        return Done({"hosts": len(batch)})
    request = ProbeRequest(
        project_id=plan.project_id,
        cluster_id=cluster_of(ctx),
        cloud_id=plan.cloud_id,
        hosts=[StreamHost(host_id=host.id, name=host.name, address=host.address or "") for host in missing],
    )
    await ctx.guard()
    report = await ctx.deps.relay.probe(request, mandate_of(ctx))
    silent = await _pin(ctx, missing, {probe.host_id: probe for probe in report.items})
    if not silent:
        return Done({"hosts": len(batch)})
    note = f"{len(batch) - len(silent)} of {len(batch)} machines answer; {silent[0]}"
    return Wait(seconds=ctx.pause(*_LOOK_SECONDS), note=note)


async def _pin(ctx: Context, hosts: list[Host], probes: dict[str, Probe]) -> list[str]:
    """Keep the host keys of those that answered; return a sentence for each that did not."""
    silent, pinned = [], {}
    for host in hosts:
        probe = probes.get(host.id)
        if probe and probe.reachable and probe.host_keys:
            pinned[host.name] = {"state": "reachable", "host_keys": probe.host_keys}
        else:
            silent.append(f"{host.name}: {probe.reason if probe else 'not probed'}")
    async with ctx.tx() as tx:
        await change_each_host(tx, cluster_of(ctx), pinned)
    return silent
