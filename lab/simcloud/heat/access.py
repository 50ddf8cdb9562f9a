"""Who may do what in Heat: members act in their own project, readers look."""

from sanic import Request

from lab.simcloud.api.access import caller_of
from lab.simcloud.caller import Caller
from lab.simcloud.errors import ApiError, forbidden
from lab.simcloud.heat.engine import Engine
from lab.simcloud.heat.errors import stack_missing
from lab.simcloud.heat.records import Stack


def require_role(request: Request, project: str, role: str) -> Caller:
    """The caller, if its token is of this project and has the role; 403 else."""
    caller = caller_of(request)
    if caller.project_id != project:
        raise ApiError(403, "Access was denied to this resource.", "HTTPForbidden")
    if role not in caller.roles:
        raise forbidden("You are not authorized to complete this action.")
    return caller


def find_stack(engine: Engine, project: str, name_or_id: str) -> Stack:
    """By id (also nested and deleted ones) or by name (living ones only); 404 else."""
    stack = engine.stacks.table.get(name_or_id)
    if stack is None:
        stack = engine.stacks.table.first(project_id=project, name=name_or_id, deleted=False)
    if stack is None or stack.project_id != project:
        raise stack_missing(name_or_id)
    return stack


def exact_stack(engine: Engine, project: str, name: str, stack_id: str) -> Stack:
    """The stack with that name and id; 404 else."""
    stack = engine.stacks.table.get(stack_id)
    if stack is None or stack.project_id != project or stack.name != name:
        raise stack_missing(name)
    return stack
