"""Routes of domains, projects, users, roles, services, endpoints and regions."""

from typing import Any, TypeVar

from sanic import HTTPResponse, Request

from lab.simcloud.api.access import caller_of
from lab.simcloud.api.app import answer, body_of, text_argument
from lab.simcloud.caller import Caller
from lab.simcloud.errors import bad_request, forbidden, not_found
from lab.simcloud.keystone.directory import or_missing
from lab.simcloud.keystone.passwords import hashed, matches
from lab.simcloud.keystone.policy import (
    denied,
    require_admin,
    require_manager,
    require_reader,
    require_self,
    require_some_manager,
)
from lab.simcloud.keystone.records import Project, User
from lab.simcloud.keystone.service import Identity
from lab.simcloud.keystone.tokens import unauthorized

N = TypeVar("N", Project, User)

PROJECT_FIELDS = ("name", "description", "enabled", "tags")
# Keystone's answers to a change, and to nothing else, have what its schema does not know.
EXTRA: dict[str, Any] = {"extra": {}}
USER_FIELDS = ("name", "description", "enabled", "email", "default_project_id")


class DirectoryRoutes:
    """The nouns of Keystone."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._directory = identity.directory
        self._views = identity.views

    def table(self) -> list[Any]:
        """Method, path, handler."""
        return [
            ("GET", "/v3/domains", self.list_domains),
            ("POST", "/v3/domains", self.create_domain),
            ("GET", "/v3/domains/<domain_id>", self.show_domain),
            ("PATCH", "/v3/domains/<domain_id>", self.update_domain),
            ("DELETE", "/v3/domains/<domain_id>", self.delete_domain),
            ("GET", "/v3/projects", self.list_projects),
            ("POST", "/v3/projects", self.create_project),
            ("GET", "/v3/projects/<project_id>", self.show_project),
            ("PATCH", "/v3/projects/<project_id>", self.update_project),
            ("DELETE", "/v3/projects/<project_id>", self.delete_project),
            ("GET", "/v3/users", self.list_users),
            ("POST", "/v3/users", self.create_user),
            ("GET", "/v3/users/<user_id>", self.show_user),
            ("PATCH", "/v3/users/<user_id>", self.update_user),
            ("DELETE", "/v3/users/<user_id>", self.delete_user),
            ("POST", "/v3/users/<user_id>/password", self.change_password),
            ("GET", "/v3/users/<user_id>/projects", self.projects_of_user),
            ("GET", "/v3/roles", self.list_roles),
            ("POST", "/v3/roles", self.create_role),
            ("GET", "/v3/roles/<role_id>", self.show_role),
            ("DELETE", "/v3/roles/<role_id>", self.delete_role),
            ("GET", "/v3/groups", self.list_groups),
            ("GET", "/v3/services", self.list_services),
            ("GET", "/v3/services/<service_id>", self.show_service),
            ("GET", "/v3/endpoints", self.list_endpoints),
            ("GET", "/v3/regions", self.list_regions),
            ("GET", "/v3/regions/<region_id>", self.show_region),
        ]

    @staticmethod
    def _filters(request: Request, *fields: str) -> dict[str, Any]:
        chosen: dict[str, Any] = {}
        for field in fields:
            text = text_argument(request, field)
            if text is not None:
                chosen[field] = text.lower() in ("true", "1") if field == "enabled" else text
        return chosen

    @staticmethod
    def _require_manager_of(request: Request, rule: str, found: Project | User | None) -> None:
        """403 for those who manage no domain that the thing is in; one that is not there is nobody's."""
        require_manager(caller_of(request), rule, found.domain_id if found else "")

    async def list_domains(self, request: Request) -> HTTPResponse:
        """GET /v3/domains"""
        require_reader(caller_of(request), "list_domains")
        found = self._directory.domains.find(**self._filters(request, "name"))
        return answer(self._views.page("domains", [self._views.domain(domain) for domain in found]))

    async def create_domain(self, request: Request) -> HTTPResponse:
        """POST /v3/domains"""
        require_admin(caller_of(request), "create_domain")
        body = body_of(request, "domain")
        domain = self._directory.create_domain(_name(body), description=str(body.get("description") or ""))
        return answer({"domain": self._views.domain(domain)}, 201)

    async def show_domain(self, request: Request, domain_id: str) -> HTTPResponse:
        """GET /v3/domains/{id}"""
        require_reader(caller_of(request), "get_domain")
        domain = or_missing("domain", self._directory.domains.get(domain_id), domain_id)
        return answer({"domain": self._views.domain(domain)})

    async def update_domain(self, request: Request, domain_id: str) -> HTTPResponse:
        """PATCH /v3/domains/{id}"""
        require_admin(caller_of(request), "update_domain")
        domain = or_missing("domain", self._directory.domains.get(domain_id), domain_id)
        _apply(domain, body_of(request, "domain"), ("name", "description", "enabled"))
        self._directory.domains.save(domain)
        self._directory.changed()
        return answer({"domain": self._views.domain(domain)})

    async def delete_domain(self, request: Request, domain_id: str) -> HTTPResponse:
        """DELETE /v3/domains/{id}: a domain must be disabled first."""
        require_admin(caller_of(request), "delete_domain")
        domain = or_missing("domain", self._directory.domains.get(domain_id), domain_id)
        if domain.enabled:
            raise forbidden("Cannot delete a domain that is enabled, please disable it first.")
        for project in self._directory.projects.find(domain_id=domain_id):
            self._directory.remove_project(project.id)
        for user in self._directory.users.find(domain_id=domain_id):
            self._directory.remove_user(user.id)
        self._directory.domains.remove(domain_id)
        return answer(None, 204)

    async def list_projects(self, request: Request) -> HTTPResponse:
        """GET /v3/projects"""
        caller = caller_of(request)
        require_reader(caller, "list_projects", caller.domain_id)
        found = self._directory.projects.find(**self._filters(request, "name", "domain_id", "enabled", "parent_id"))
        return answer(self._views.page("projects", [self._views.project(project) for project in _seen(caller, found)]))

    async def create_project(self, request: Request) -> HTTPResponse:
        """POST /v3/projects"""
        caller, body = caller_of(request), body_of(request, "project")
        domain_id = str(body.get("domain_id") or caller.domain_id or "default")
        require_manager(caller, "create_project", domain_id)
        fields = {key: body[key] for key in ("description", "enabled", "tags") if body.get(key) is not None}
        fields["parent_id"] = body.get("parent_id") or domain_id
        project = self._directory.create_project(_name(body), domain_id, **fields)
        return answer({"project": self._views.project(project)}, 201)

    async def show_project(self, request: Request, project_id: str) -> HTTPResponse:
        """GET /v3/projects/{id}"""
        caller, found = caller_of(request), self._directory.projects.get(project_id)
        if caller.project_id != project_id:
            require_reader(caller, "get_project", found.domain_id if found else None)
        project = or_missing("project", found, project_id)
        return answer({"project": self._views.project(project)})

    async def update_project(self, request: Request, project_id: str) -> HTTPResponse:
        """PATCH /v3/projects/{id}"""
        self._require_manager_of(request, "update_project", self._directory.projects.get(project_id))
        project = or_missing("project", self._directory.projects.get(project_id), project_id)
        _apply(project, body_of(request, "project"), PROJECT_FIELDS)
        self._directory.projects.save(project)
        self._directory.changed()
        return answer({"project": self._views.project(project) | EXTRA})

    async def delete_project(self, request: Request, project_id: str) -> HTTPResponse:
        """DELETE /v3/projects/{id}"""
        self._require_manager_of(request, "delete_project", self._directory.projects.get(project_id))
        self._directory.remove_project(project_id)
        self._identity.credentials.table.remove_where(project_id=project_id)
        return answer(None, 204)

    async def list_users(self, request: Request) -> HTTPResponse:
        """GET /v3/users"""
        caller = caller_of(request)
        require_reader(caller, "list_users", caller.domain_id)
        found = self._directory.users.find(**self._filters(request, "name", "domain_id", "enabled"))
        return answer(self._views.page("users", [self._views.user(user) for user in _seen(caller, found)]))

    async def create_user(self, request: Request) -> HTTPResponse:
        """POST /v3/users"""
        caller, body = caller_of(request), body_of(request, "user")
        fields = {key: body[key] for key in USER_FIELDS[1:] if body.get(key) is not None}
        domain_id = str(body.get("domain_id") or caller.domain_id or "default")
        require_manager(caller, "create_user", domain_id)
        user = self._directory.create_user(_name(body), body.get("password"), domain_id, **fields)
        return answer({"user": self._views.user(user)}, 201)

    async def show_user(self, request: Request, user_id: str) -> HTTPResponse:
        """GET /v3/users/{id}"""
        found = self._directory.users.get(user_id)
        require_self(caller_of(request), user_id, "get_user", found.domain_id if found else None)
        user = or_missing("user", found, user_id)
        return answer({"user": self._views.user(user)})

    async def update_user(self, request: Request, user_id: str) -> HTTPResponse:
        """PATCH /v3/users/{id}; a new password or `enabled: false` ends the user's tokens."""
        self._require_manager_of(request, "update_user", self._directory.users.get(user_id))
        user = or_missing("user", self._directory.users.get(user_id), user_id)
        body = body_of(request, "user")
        _apply(user, body, USER_FIELDS)
        if body.get("password"):
            user.password = hashed(str(body["password"]))
        self._directory.users.save(user)
        self._directory.changed()
        if body.get("password") or not user.enabled:
            self._identity.tokens.revoke_all_of(user)
        return answer({"user": self._views.user(user) | EXTRA})

    async def delete_user(self, request: Request, user_id: str) -> HTTPResponse:
        """DELETE /v3/users/{id}"""
        self._require_manager_of(request, "delete_user", self._directory.users.get(user_id))
        self._directory.remove_user(user_id)
        self._identity.credentials.table.remove_where(user_id=user_id)
        return answer(None, 204)

    async def change_password(self, request: Request, user_id: str) -> HTTPResponse:
        """POST /v3/users/{id}/password: by the user itself, who knows the old one."""
        if caller_of(request).user_id != user_id:
            raise denied("change_password")
        user = or_missing("user", self._directory.users.get(user_id), user_id)
        body = body_of(request, "user")
        if not matches(str(body.get("original_password") or ""), user.password):
            raise unauthorized()
        user.password = hashed(str(body.get("password") or ""))
        self._identity.tokens.revoke_all_of(user)
        return answer(None, 204)

    async def projects_of_user(self, request: Request, user_id: str) -> HTTPResponse:
        """GET /v3/users/{id}/projects"""
        require_self(caller_of(request), user_id, "list_user_projects")
        found = self._directory.projects_of(user_id)
        return answer(self._views.page("projects", [self._views.project(project) for project in found]))

    async def list_roles(self, request: Request) -> HTTPResponse:
        """GET /v3/roles"""
        require_some_manager(caller_of(request), "list_roles")
        found = self._directory.roles.find(**self._filters(request, "name"))
        return answer(self._views.page("roles", [self._views.role(role) for role in found]))

    async def create_role(self, request: Request) -> HTTPResponse:
        """POST /v3/roles"""
        require_admin(caller_of(request), "create_role")
        body = body_of(request, "role")
        role = self._directory.create_role(_name(body), body.get("description"))
        return answer({"role": self._views.role(role)}, 201)

    async def show_role(self, request: Request, role_id: str) -> HTTPResponse:
        """GET /v3/roles/{id}"""
        require_reader(caller_of(request), "get_role")
        role = or_missing("role", self._directory.roles.get(role_id), role_id)
        return answer({"role": self._views.role(role)})

    async def delete_role(self, request: Request, role_id: str) -> HTTPResponse:
        """DELETE /v3/roles/{id}"""
        require_admin(caller_of(request), "delete_role")
        or_missing("role", self._directory.roles.get(role_id), role_id)
        self._directory.roles.remove(role_id)
        self._directory.assignments.remove_where(role_id=role_id)
        self._directory.changed()
        return answer(None, 204)

    async def list_groups(self, request: Request) -> HTTPResponse:
        """GET /v3/groups: there are none here."""
        require_reader(caller_of(request), "list_groups")
        return answer(self._views.page("groups", []))

    async def list_services(self, request: Request) -> HTTPResponse:
        """GET /v3/services"""
        require_reader(caller_of(request), "list_services")
        wanted = {key: text_argument(request, key) for key in ("name", "type")}
        found = [s for s in self._identity.catalog.services() if all(v in (None, s[k]) for k, v in wanted.items())]
        return answer(self._views.page("services", found))

    async def show_service(self, request: Request, service_id: str) -> HTTPResponse:
        """GET /v3/services/{id}"""
        require_reader(caller_of(request), "get_service")
        found = [service for service in self._identity.catalog.services() if service["id"] == service_id]
        if not found:
            raise not_found(f"Could not find service: {service_id}.")
        return answer({"service": found[0]})

    async def list_endpoints(self, request: Request) -> HTTPResponse:
        """GET /v3/endpoints"""
        require_reader(caller_of(request), "list_endpoints")
        wanted = {key: text_argument(request, key) for key in ("service_id", "interface", "region_id")}
        found = [e for e in self._identity.catalog.endpoints() if all(v in (None, e[k]) for k, v in wanted.items())]
        return answer(self._views.page("endpoints", found))

    def _region(self) -> dict[str, Any]:
        return {
            "id": self._identity.catalog.region,
            "description": "",
            "parent_region_id": None,
            "links": {},
        }

    async def list_regions(self, request: Request) -> HTTPResponse:
        """GET /v3/regions"""
        caller_of(request)
        return answer(self._views.page("regions", [self._region()]))

    async def show_region(self, request: Request, region_id: str) -> HTTPResponse:
        """GET /v3/regions/{id}"""
        caller_of(request)
        if region_id != self._identity.catalog.region:
            raise not_found(f"Could not find region: {region_id}.")
        return answer({"region": self._region()})


def _seen(caller: Caller, found: list[N]) -> list[N]:
    """What of it a caller may see: with a domain's scope only what is in the domain."""
    return [item for item in found if caller.domain_id in (None, item.domain_id)]


def _name(body: dict[str, Any]) -> str:
    name = body.get("name")
    if not isinstance(name, str) or not name.strip():
        raise bad_request("'name' is a required property")
    return name


def _apply(record: Any, body: dict[str, Any], fields: tuple[str, ...]) -> None:
    for field in fields:
        if field in body:
            setattr(record, field, body[field])
