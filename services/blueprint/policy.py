"""Who may do what to whose blueprints, beyond what the route table says."""

from services.chassis.auth.caller import Caller
from services.chassis.errors import NotFound


def require_project(caller: Caller, project_id: str) -> None:
    """Let pass who holds the route's permission on the project.

    Raises NotFound to who sees nothing of the project, so that its existence stays untold; Forbidden to who does.
    """
    if not caller.platform and project_id not in caller.projects:
        raise NotFound(subject=caller.subject, project_id=project_id)
    caller.require(project_id)
