"""What Ironic knows of a group's machines, as notes and reasons tell it."""

from collections.abc import Iterable
from datetime import UTC, datetime

from services.chassis.saga import Reason
from services.cluster.domain.machine_group import Observation
from services.cluster.domain.placement import unplaced
from services.cluster.planning.batches import batches_of
from services.cluster.sagas.deps import Context, cluster_of, mandate_of
from services.contracts.blueprint import SHARED
from services.contracts.cluster import Plan
from services.contracts.node import HealthRequest, ServerHealth


async def health_of(ctx: Context, plan: Plan, seen: Observation) -> list[ServerHealth]:
    """Return how the machines are that the group's servers are on."""
    servers = [member.server_id for member in seen.members]
    if not servers:
        return []
    request = HealthRequest(
        project_id=plan.project_id, cloud_id=plan.cloud_id, server_ids=servers, cluster_id=cluster_of(ctx)
    )
    return (await ctx.deps.nodes.health(request, mandate_of(ctx))).items


def complaints(report: Iterable[ServerHealth]) -> list[str]:
    """Return a sentence for each machine that is wrong."""
    return [f"{item.node_name}: {item.reason}" for item in report if item.reason]


def note_of(plan: Plan, key: str, seen: Observation, report: list[ServerHealth]) -> str:
    """Say how far the machines are, and what is wrong with one as soon as Ironic knows it, or Nova keeps silent."""
    if key == SHARED:
        return "The cloud makes what all machines share."
    # A server that lost a machine of which nothing is known is on its way to another one, or `late`.
    wrong = complaints(item for item in report if item.node_name)
    late = unplaced(seen.members, report, datetime.now(UTC))
    active = sum(item.state == "active" for item in report)
    return "; ".join([*wrong, *filter(None, [late])]) or f"{active} of {size_of(plan, key)} machines are in service."


def size_of(plan: Plan, key: str) -> int:
    """Return how many machines a group is to have."""
    return sum(len(batch.names) for batch in batches_of(plan) if batch.key == key)


async def evidence_of(ctx: Context, plan: Plan, seen: Observation, slug: str, sentence: str) -> Reason:
    """Return a reason with the cloud's own words and what Ironic says of each machine that is wrong."""
    report = await health_of(ctx, plan, seen)
    machines = [
        f"{item.node_name or item.server_id}: {item.last_error or item.reason}" for item in report if item.reason
    ]
    runbook = f"{ctx.deps.settings.runbooks}/{slug}.md"
    return Reason(slug, sentence, evidence="\n".join(filter(None, [seen.words, *machines])) or None, runbook=runbook)
