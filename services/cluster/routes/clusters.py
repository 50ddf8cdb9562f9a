"""Clusters."""

from typing import Any

import msgspec

from services.chassis.errors import FieldProblem, InvalidRequest, NotFound
from services.chassis.routing import Call, Exposure, Page, Paging, Reply, RouteTable
from services.cluster.domain.lifecycle import begin_build, begin_delete, change_settings, version_of
from services.cluster.domain.planner import fitted_now, plan_cluster
from services.cluster.exceptions import PlanMismatch
from services.cluster.factory import Factory
from services.cluster.policy import require_project
from services.cluster.storage.access import within
from services.cluster.storage.clusters import get_cluster, page_of_clusters
from services.cluster.storage.plans import get_plan
from services.contracts.cluster import Accepted, ChangeCluster, Cluster, CreateCluster, Plan

routes = RouteTable("clusters")


class ListClusters(Paging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Narrow the list to a project, a name or a state; deleted ones are shown only by their state."""

    project: str | None = None
    name: str | None = None
    state: str | None = None


@routes.post(
    "/v1/clusters", Exposure.PUBLIC, "cluster.create", "Create a cluster", status=202, needs_idempotency_key=True
)
async def create_cluster(call: Call[Factory, CreateCluster, None]) -> Reply[Accepted]:
    """Build a cluster, from a plan that was made before or from what a plan is made of."""
    require_project(call.caller, call.body.project)
    plan = await (_named_plan(call) if call.body.plan else _fresh_plan(call))
    accepted = await begin_build(
        call.context,
        call.caller,
        plan,
        kept=call.body.plan is not None,
        expires_at=call.body.expires_at,
        locked=call.body.locked,
    )
    return _accepted(accepted)


@routes.get("/v1/clusters", Exposure.PUBLIC, "cluster.read", "List clusters")
async def list_clusters(call: Call[Factory, None, ListClusters]) -> Page[Cluster]:
    query, scope = call.query, call.caller.scope()
    items, cursor = await page_of_clusters(
        call.context.db,
        scope.narrowed(query.project) if query.project else scope,
        limit=query.limit,
        cursor=query.cursor,
        name=query.name,
        state=query.state,
    )
    return Page(items, cursor)


@routes.get("/v1/clusters/{cluster_id}", Exposure.PUBLIC, "cluster.read", "Show a cluster")
async def show_cluster(call: Call[Factory, None, None]) -> Reply[Cluster]:
    return _tagged(await visible_cluster(call))


@routes.patch("/v1/clusters/{cluster_id}", Exposure.PUBLIC, "cluster.update", "Lock a cluster or set its expiry")
async def change_cluster_settings(call: Call[Factory, ChangeCluster, None]) -> Reply[Cluster]:
    cluster = await visible_cluster(call)
    call.caller.require(cluster.project_id)
    fields = {"locked": call.body.locked, "expires_at": call.body.expires_at}
    values = {name: value for name, value in fields.items() if value is not msgspec.UNSET}
    return _tagged(await change_settings(call.context, cluster, call.if_match, values))


@routes.delete("/v1/clusters/{cluster_id}", Exposure.PUBLIC, "cluster.delete", "Delete a cluster", status=202)
async def delete_cluster(call: Call[Factory, None, None]) -> Reply[Accepted]:
    """Take everything back. A build that is under way is cancelled and undone."""
    cluster = await visible_cluster(call)
    call.caller.require(cluster.project_id)
    return _accepted(await begin_delete(call.context, call.caller, cluster))


async def visible_cluster(call: Call[Factory, Any, Any]) -> Cluster:
    """Return the cluster of the path if the caller may see it; raises the uniform NotFound."""
    async with within(call.context.db, call.caller.scope("cluster.read"), "show a cluster") as tx:
        cluster = await get_cluster(tx, call.path["cluster_id"])
    if cluster is None or (cluster.state == "deleted" and call.request.method != "GET"):
        raise NotFound()
    return cluster


async def _named_plan(call: Call[Factory, CreateCluster, None]) -> Plan:
    _require_nothing_else(call.body)
    async with call.context.db.project(call.body.project) as tx:
        plan = await get_plan(tx, call.body.plan or "")
    if plan is None:
        raise NotFound()
    if plan.cluster_name != call.body.name:
        raise PlanMismatch(f"The plan is for a cluster named {plan.cluster_name}, not {call.body.name}.")
    return await fitted_now(call.context.deps, call.caller, plan)


def _require_nothing_else(body: CreateCluster) -> None:
    given = [name for name in ("blueprint", "version", "blueprint_owner", "cloud", "parameters") if getattr(body, name)]
    problems = [FieldProblem(f"/{name}", "The plan says it already.", "Leave it out.") for name in given]
    if problems:
        raise InvalidRequest("A plan leaves no choice to its execution.", errors=tuple(problems))


async def _fresh_plan(call: Call[Factory, CreateCluster, None]) -> Plan:
    body = call.body
    if body.blueprint is None:
        problem = FieldProblem("/blueprint", "A blueprint (or a plan) is needed.", "See: cloudpoint blueprint list.")
        raise InvalidRequest("It is not said what to build.", errors=(problem,))
    return await plan_cluster(
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


def _tagged(cluster: Cluster) -> Reply[Cluster]:
    return Reply(cluster, etag=version_of(cluster))


def _accepted(accepted: Accepted) -> Reply[Accepted]:
    return Reply(accepted, status=202, headers={"Location": f"/v1/operations/{accepted.operation_id}"})
