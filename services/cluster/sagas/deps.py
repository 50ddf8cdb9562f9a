"""What the steps of a saga work with, and how they get at plan, mandate and cloud of their operation."""

import time
from dataclasses import dataclass, field

from services.chassis.auth.credentials import Mandate
from services.chassis.auth.mandates import Mandates
from services.chassis.auth.memory import Memory
from services.chassis.cloud import CloudAccess
from services.chassis.db import Database
from services.chassis.saga import Operation, Reason, StepContext, StepFailed
from services.cluster.adapters.cloud_credentials import CloudCredentials
from services.cluster.adapters.heat import HeatMachineGroups
from services.cluster.adapters.nova import NovaServers
from services.cluster.adapters.siblings import Blueprints, Identity, Nodes, Relay, Runner, Secrets
from services.cluster.config import Settings
from services.cluster.domain.closer_looks import CloserLooks
from services.cluster.domain.standstill import Standstills
from services.cluster.storage.plans import get_plan
from services.contracts.blueprint import BlueprintVersion
from services.contracts.cluster import Plan

_PLANS_KEPT, _PLAN_SECONDS = 200, 600.0


@dataclass(frozen=True)
class Deps:
    """The singletons that steps use."""

    db: Database
    settings: Settings
    groups: HeatMachineGroups
    servers: NovaServers
    standstills: Standstills
    closer_looks: CloserLooks
    authz: Mandates
    blueprints: Blueprints
    nodes: Nodes
    identity: Identity
    credentials: CloudCredentials
    secrets: Secrets
    runner: Runner
    relay: Relay
    plans: Memory[tuple[str, str], Plan] = field(default_factory=lambda: Memory(_PLANS_KEPT))


Context = StepContext[Deps]


def mandate_token(operation: Operation) -> Mandate:
    """Return the mandate that an operation carries."""
    return Mandate(operation.context["mandate"])


def mandate_of(ctx: Context) -> Mandate:
    """Return the mandate under which the operation works."""
    return mandate_token(ctx.operation)


def cluster_of(ctx: Context) -> str:
    """Return the id of the operation's cluster."""
    return ctx.operation.subject


async def plan_of(ctx: Context) -> Plan:
    """Return the plan of the operation's cluster; it never changes, so that each step need not read it."""
    key = (ctx.operation.project_id, ctx.params["plan_id"])
    if known := ctx.deps.plans.get(key):
        return known
    async with ctx.deps.db.project(ctx.operation.project_id) as tx:
        plan = await get_plan(tx, ctx.params["plan_id"])
    if plan is None:
        raise LookupError(f"plan {ctx.params['plan_id']} is not there")
    ctx.deps.plans.keep(key, plan, time.time() + _PLAN_SECONDS)
    return plan


async def blueprint_of(ctx: Context, plan: Plan) -> BlueprintVersion:
    """Return the blueprint's version that the plan was made from; raises StepFailed if it is not the same any more."""
    found = await ctx.deps.blueprints.of_plan(plan, mandate_of(ctx))
    if found.digest != plan.blueprint_digest:
        sentence = f"Blueprint {plan.blueprint} {plan.blueprint_version} is not what was planned. Undo, and plan anew."
        raise StepFailed(Reason("blueprint-changed", sentence))
    return found


async def access_of(ctx: Context, cloud_id: str) -> CloudAccess:
    """Return the project's own access to the cloud; the secret in it is in memory only, for a short time."""
    credential = await ctx.deps.credentials.of(ctx.operation.project_id, cloud_id, mandate_of(ctx))
    seconds = ctx.deps.settings.clouds[cloud_id].call_seconds
    return CloudAccess(credential.auth_type, credential.auth, credential.region, call_seconds=seconds)
