"""Role bindings: written by identity, read by operators."""

import msgspec

from services.authz.domain.explain import explain
from services.authz.factory import Context
from services.authz.storage import bindings
from services.chassis.routing import Call, Exposure, Page, Paging, RouteTable
from services.contracts.authz import Binding, BindingList, Explanation, Suspension

routes = RouteTable("bindings")


class BindingFilter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose roles, where; neither means all."""

    subject: str | None = None
    project_id: str | None = None


class BindingPaging(Paging, frozen=True, kw_only=True):
    """Query of the operators' list."""

    subject: str | None = None
    project: str | None = None


class Removed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which binding goes; without a project, the platform's."""

    subject: str
    project_id: str | None = None


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """May ``subject`` use ``permission`` on ``project``?"""

    subject: str
    permission: str
    project: str | None = None


@routes.put("/internal/bindings", Exposure.INTERNAL, None, "Set a binding", callers=("identity",))
async def set_binding(call: Call[Context, Binding, None]) -> None:
    """Set the one role of a subject on a project, or on the platform; the next request sees it."""
    await call.context.administration.bind(call.body, call.caller.chain)


@routes.delete("/internal/bindings", Exposure.INTERNAL, None, "Remove a binding", callers=("identity",))
async def remove_binding(call: Call[Context, None, Removed]) -> None:
    """Take a subject's role; the next request sees it."""
    await call.context.administration.unbind(call.query.subject, call.query.project_id, call.caller.chain)


@routes.get("/internal/bindings", Exposure.INTERNAL, None, "Find bindings", callers=("identity",))
async def find_bindings(call: Call[Context, None, BindingFilter]) -> BindingList:
    """Return the bindings of a subject or of a project."""
    async with call.context.db.all_projects(purpose="find bindings") as tx:
        return BindingList(await bindings.found(tx, call.query.subject, call.query.project_id))


@routes.put(
    "/internal/subjects/{subject}/suspension", Exposure.INTERNAL, None, "Suspend a subject", callers=("identity",)
)
async def suspend_subject(call: Call[Context, Suspension, None]) -> None:
    """Pass nothing for a subject any more; its operations pause."""
    await call.context.administration.suspend(call.path["subject"], call.body.reason, call.caller.chain)


@routes.delete(
    "/internal/subjects/{subject}/suspension", Exposure.INTERNAL, None, "Restore a subject", callers=("identity",)
)
async def restore_subject(call: Call[Context, None, None]) -> None:
    """Lift a suspension."""
    await call.context.administration.restore(call.path["subject"], call.caller.chain)


@routes.get("/v1/bindings", Exposure.OPERATOR, "binding.read", "List role bindings")
async def list_bindings(call: Call[Context, None, BindingPaging]) -> Page[Binding]:
    """List who holds which role, on one project or on all, by subject."""
    query = call.query
    async with call.context.db.all_projects(purpose="list bindings") as tx:
        items, cursor = await bindings.page(tx, query.subject, query.project, query.limit, query.cursor)
    return Page(items, cursor)


@routes.get("/v1/bindings/explanation", Exposure.OPERATOR, "binding.read", "Explain a permission")
async def explain_permission(call: Call[Context, None, Question]) -> Explanation:
    """Say in sentences why somebody may, or may not, do something."""
    holdings = await call.context.holdings.of(call.query.subject)
    return explain(holdings, call.query.permission, call.query.project)
