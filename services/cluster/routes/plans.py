"""Plans."""

from services.chassis.errors import NotFound
from services.chassis.routing import Call, Exposure, RouteTable
from services.cluster.domain.planner import plan_cluster
from services.cluster.factory import Factory
from services.cluster.policy import require_project
from services.cluster.storage.access import within
from services.cluster.storage.plans import add_plan, get_plan
from services.contracts.cluster import CreatePlan, Plan

routes = RouteTable("plans")


@routes.post("/v1/plans", Exposure.PUBLIC, "plan.create", "Plan a cluster", needs_idempotency_key=True)
async def create_plan(call: Call[Factory, CreatePlan, None]) -> Plan:
    """Decide everything a build would do, and say whether it fits now. Nothing is built."""
    body = call.body
    require_project(call.caller, body.project)
    plan = await plan_cluster(
        call.context.deps,
        call.caller,
        project_id=body.project,
        name=body.name,
        blueprint=body.blueprint,
        version=body.version,
        owner=body.blueprint_owner,
        cloud=body.cloud,
        parameters=body.parameters,
    )
    async with call.context.db.project(plan.project_id) as tx:
        await add_plan(tx, plan)
    return plan


@routes.get("/v1/plans/{plan_id}", Exposure.PUBLIC, "plan.read", "Show a plan")
async def show_plan(call: Call[Factory, None, None]) -> Plan:
    async with within(call.context.db, call.caller.scope(), "show a plan") as tx:
        plan = await get_plan(tx, call.path["plan_id"])
    if plan is None:
        raise NotFound()
    return plan
