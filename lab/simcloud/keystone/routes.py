"""Keystone's app: versions, log-in, and the tables of the other route files."""

from http import HTTPStatus
from typing import Any

from sanic import HTTPResponse, Request, Sanic
from sanic.response import BaseHTTPResponse

from lab.simcloud.api.access import caller_of, require_token
from lab.simcloud.api.app import address_of, answer, body_of, mount, new_app
from lab.simcloud.config import CloudConfig
from lab.simcloud.errors import ApiError
from lab.simcloud.keystone.policy import require_admin
from lab.simcloud.keystone.routes_assignments import AssignmentRoutes
from lab.simcloud.keystone.routes_credentials import CredentialRoutes
from lab.simcloud.keystone.routes_directory import DirectoryRoutes
from lab.simcloud.keystone.service import Identity
from lab.simcloud.keystone.tokens import unauthorized


def keystone_error(error: ApiError) -> dict[str, Any]:
    """An error as Keystone words it."""
    title = HTTPStatus(error.status).phrase
    return {"error": {"code": error.status, "message": error.message, "title": title}}


def keystone_app(config: CloudConfig, identity: Identity) -> Sanic[Any, Any]:
    """The app of the identity service."""
    app = new_app(config.name, "keystone", keystone_error)
    require_token(app, identity.tokens.caller, f"{config.url('keystone')}/v3", _is_public)
    auth = AuthRoutes(identity)
    mount(app, auth.table())
    mount(app, DirectoryRoutes(identity).table())
    mount(app, AssignmentRoutes(identity).table())
    mount(app, CredentialRoutes(identity).table())

    async def vary(_: Request, response: BaseHTTPResponse) -> None:
        response.headers["Vary"] = "X-Auth-Token"

    app.register_middleware(vary, "response")
    return app


def _is_public(request: Request) -> bool:
    path = request.path.rstrip("/")
    return path in ("", "/v3") or (path == "/v3/auth/tokens" and request.method == "POST")


def _version(root: str) -> dict[str, Any]:
    return {
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": f"{root}/v3/"}],
        "media-types": [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}],
    }


class AuthRoutes:
    """Discovery, tokens, and what a token's holder may enter."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._tokens = identity.tokens

    def table(self) -> list[Any]:
        """Method, path, handler."""
        return [
            ("GET", "/", self.versions),
            ("GET", "/v3", self.version),
            ("POST", "/v3/auth/tokens", self.issue),
            ("GET HEAD", "/v3/auth/tokens", self.show),
            ("DELETE", "/v3/auth/tokens", self.revoke),
            ("GET", "/v3/auth/catalog", self.catalog),
            ("GET", "/v3/auth/projects", self.projects),
            ("GET", "/v3/auth/domains", self.domains),
            ("GET", "/v3/auth/system", self.system),
        ]

    async def versions(self, request: Request) -> HTTPResponse:
        """GET /"""
        root = address_of(request)
        return answer({"versions": {"values": [_version(root)]}}, 300, {"Location": f"{root}/v3/"})

    async def version(self, request: Request) -> HTTPResponse:
        """GET /v3"""
        return answer({"version": _version(address_of(request))})

    async def issue(self, request: Request) -> HTTPResponse:
        """POST /v3/auth/tokens"""
        record = self._tokens.issue(body_of(request, "auth"))
        body = {"token": self._identity.views.token(self._tokens, record, "nocatalog" not in request.args)}
        return answer(body, 201, {"X-Subject-Token": record.id})

    async def show(self, request: Request) -> HTTPResponse:
        """GET and HEAD /v3/auth/tokens: validates the token in X-Subject-Token."""
        subject = request.headers.get("X-Subject-Token") or ""
        found = self._tokens.validate(subject)
        caller = caller_of(request)
        if found is None:
            raise ApiError(404, "Could not find token.", "Not Found")
        if found[1].user_id != caller.user_id and not caller.roles & {"admin", "service"}:
            raise ApiError(403, "You are not authorized to perform the requested action: identity:validate_token.")
        if request.method == "HEAD":
            return answer(None, 200, {"X-Subject-Token": subject})
        body = {"token": self._identity.views.token(self._tokens, found[0], "nocatalog" not in request.args)}
        return answer(body, 200, {"X-Subject-Token": subject})

    async def revoke(self, request: Request) -> HTTPResponse:
        """DELETE /v3/auth/tokens"""
        subject = request.headers.get("X-Subject-Token") or ""
        found = self._tokens.validate(subject)
        if found is None:
            raise ApiError(404, "Could not find token.", "Not Found")
        if found[1].user_id != caller_of(request).user_id:
            require_admin(caller_of(request), "revoke_token")
        self._tokens.revoke(subject)
        return answer(None, 204)

    async def catalog(self, request: Request) -> HTTPResponse:
        """GET /v3/auth/catalog"""
        caller = caller_of(request)
        if not (caller.project_id or caller.domain_id or caller.system):
            raise unauthorized()
        entries = self._identity.catalog.for_token(caller.project_id)
        return answer({"catalog": entries, "links": {"self": f"{address_of(request)}/v3/auth/catalog"}})

    async def projects(self, request: Request) -> HTTPResponse:
        """GET /v3/auth/projects"""
        found = self._identity.directory.projects_of(caller_of(request).user_id)
        views = self._identity.views
        return answer(views.page("projects", [views.project(project) for project in found]))

    async def domains(self, request: Request) -> HTTPResponse:
        """GET /v3/auth/domains"""
        directory, views = self._identity.directory, self._identity.views
        grants = directory.assignments.find(user_id=caller_of(request).user_id, target_kind="domain")
        found = [directory.domains.get(domain_id) for domain_id in {grant.target_id for grant in grants}]
        return answer(views.page("domains", [views.domain(domain) for domain in found if domain]))

    async def system(self, request: Request) -> HTTPResponse:
        """GET /v3/auth/system"""
        roles = self._identity.directory.direct_roles(caller_of(request).user_id, "system", "all")
        return answer({"system": [{"all": True}] if roles else [], "links": {}})
