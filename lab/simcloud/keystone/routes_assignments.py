"""Routes of role assignments: who has which role on which project, domain or on the system."""

from typing import Any

from sanic import HTTPResponse, Request

from lab.simcloud.api.access import caller_of
from lab.simcloud.api.app import answer, text_argument
from lab.simcloud.keystone.directory import Directory, or_missing
from lab.simcloud.keystone.policy import require_granter, require_reader, require_self
from lab.simcloud.keystone.service import Identity
from lab.simcloud.keystone.views import Views


class AssignmentRoutes:
    """Grants on three kinds of target, and the list of them all."""

    def __init__(self, identity: Identity) -> None:
        self._directory = identity.directory
        self._views = identity.views

    def table(self) -> list[Any]:
        """Method, path, handler."""
        routes: list[Any] = [("GET", "/v3/role_assignments", self.list_all)]
        targets = (
            ("/v3/projects/<target_id>/users/<user_id>/roles", "project"),
            ("/v3/domains/<target_id>/users/<user_id>/roles", "domain"),
            ("/v3/system/users/<user_id>/roles", "system"),
        )
        for path, kind in targets:
            grants = GrantRoutes(self._directory, self._views, kind)
            routes += [
                ("GET", path, grants.index),
                ("PUT", f"{path}/<role_id>", grants.give),
                ("GET HEAD", f"{path}/<role_id>", grants.check),
                ("DELETE", f"{path}/<role_id>", grants.take),
            ]
        return routes

    async def list_all(self, request: Request) -> HTTPResponse:
        """GET /v3/role_assignments"""
        caller, wanted = caller_of(request), _wanted(request)
        if wanted.get("user_id"):
            require_self(caller, wanted["user_id"], "list_role_assignments")
        else:
            require_reader(caller, "list_role_assignments")
        names = "include_names" in request.args and text_argument(request, "include_names") != "False"
        found = [self._views.assignment(item, names) for item in self._directory.assignments.find(**wanted)]
        return answer(self._views.page("role_assignments", found))


def _wanted(request: Request) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for argument, field in (("user.id", "user_id"), ("role.id", "role_id")):
        if value := text_argument(request, argument):
            wanted[field] = value
    if text_argument(request, "scope.system"):
        wanted["target_kind"] = "system"
    for kind in ("project", "domain"):
        if value := text_argument(request, f"scope.{kind}.id"):
            wanted["target_kind"], wanted["target_id"] = kind, value
    return wanted


class GrantRoutes:
    """Roles of a user on one kind of target."""

    def __init__(self, directory: Directory, views: Views, kind: str) -> None:
        self._directory = directory
        self._views = views
        self._kind = kind

    async def index(self, request: Request, user_id: str, target_id: str = "all") -> HTTPResponse:
        """GET …/users/{user}/roles"""
        require_reader(caller_of(request), "list_grants", self._domain(user_id, target_id))
        roles = self._directory.direct_roles(user_id, self._kind, target_id)
        return answer(self._views.page("roles", [self._views.role(role) for role in roles]))

    async def give(self, request: Request, user_id: str, role_id: str, target_id: str = "all") -> HTTPResponse:
        """PUT …/users/{user}/roles/{role}"""
        self._require_granter(request, "create_grant", user_id, role_id, target_id)
        self._directory.grant(user_id, role_id, self._kind, target_id)
        return answer(None, 204)

    async def check(self, request: Request, user_id: str, role_id: str, target_id: str = "all") -> HTTPResponse:
        """HEAD …/users/{user}/roles/{role}"""
        require_reader(caller_of(request), "check_grant", self._domain(user_id, target_id))
        held = self._directory.assignments.first(
            user_id=user_id, role_id=role_id, target_kind=self._kind, target_id=target_id
        )
        or_missing("role assignment with role", held, role_id)
        return answer(None, 204)

    async def take(self, request: Request, user_id: str, role_id: str, target_id: str = "all") -> HTTPResponse:
        """DELETE …/users/{user}/roles/{role}"""
        self._require_granter(request, "revoke_grant", user_id, role_id, target_id)
        self._directory.revoke(user_id, role_id, self._kind, target_id)
        return answer(None, 204)

    def _require_granter(self, request: Request, rule: str, user_id: str, role_id: str, target_id: str) -> None:
        role = self._directory.roles.get(role_id)
        require_granter(caller_of(request), rule, role.name if role else "", self._domains(user_id, target_id))

    def _domain(self, user_id: str, target_id: str) -> str | None:
        """The one domain of both user and target."""
        domains = self._domains(user_id, target_id)
        return domains.pop() if len(domains) == 1 else None

    def _domains(self, user_id: str, target_id: str) -> set[str | None]:
        user, project = self._directory.users.get(user_id), self._directory.projects.get(target_id)
        domain = project.domain_id if project else target_id if self._kind == "domain" else None
        return {user.domain_id if user else None, domain}
