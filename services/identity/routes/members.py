"""Who belongs to a project."""

from typing import Any

from services.chassis.errors import NotFound
from services.chassis.routing import Call, Exposure, Page, RouteTable
from services.contracts.identity import Member, SetMember
from services.identity.factory import Context

routes = RouteTable("members")


@routes.get("/v1/projects/{project_id}/members", Exposure.PUBLIC, "account.read", "List members")
async def list_members(call: Call[Context, None, None]) -> Page[Member]:
    """List who belongs to a project, by e-mail address."""
    return Page(await call.context.members.of(_project(call, "project.read")))


@routes.get("/v1/projects/{project_id}/members/{user_id}", Exposure.PUBLIC, "account.read", "Show a member")
async def show_member(call: Call[Context, None, None]) -> Member:
    """Show one member, named by id or e-mail address."""
    return await call.context.members.get(_project(call, "project.read"), call.path["user_id"])


@routes.put("/v1/projects/{project_id}/members/{user_id}", Exposure.PUBLIC, "project.manage", "Set a member")
async def set_member(call: Call[Context, SetMember, None]) -> Member:
    """Give a person, named by id or e-mail address, their one role in a project; their next request sees it."""
    return await call.context.members.set(_project(call, "project.manage"), call.path["user_id"], call.body)


@routes.delete("/v1/projects/{project_id}/members/{user_id}", Exposure.PUBLIC, "project.manage", "Remove a member")
async def remove_member(call: Call[Context, None, None]) -> None:
    """Take a person out of a project; the last manager stays."""
    await call.context.members.remove(_project(call, "project.manage"), call.path["user_id"])


def _project(call: Call[Context, Any, Any], permission: str) -> str:
    """Return the project that the address names; NotFound for who can't see it, Forbidden for who may not do this."""
    project_id = call.path["project_id"]
    if not call.caller.may("project.read", project_id):
        raise NotFound(project_id=project_id)
    call.caller.require(project_id, permission)
    return project_id
