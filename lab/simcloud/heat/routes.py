"""Heat's app (v1): discovery, resource types, validation, and the tables of the other route files."""

from http import HTTPStatus
from typing import Any

from sanic import HTTPResponse, Request, Sanic

from lab.simcloud.api.access import require_token
from lab.simcloud.api.app import address_of, answer, body_of, mount, new_app, text_argument
from lab.simcloud.caller import Caller
from lab.simcloud.config import CloudConfig
from lab.simcloud.errors import ApiError
from lab.simcloud.heat.access import require_role
from lab.simcloud.heat.engine import Engine
from lab.simcloud.heat.requests import definition_of
from lab.simcloud.heat.resources.registry import BUILT_IN, schema_of
from lab.simcloud.heat.routes_resources import ResourceRoutes
from lab.simcloud.heat.routes_stacks import StackRoutes
from lab.simcloud.heat.template import VERSIONS, parse_template
from lab.simcloud.heat.views import parameters_view, property_schema
from lab.simcloud.keystone.service import Identity

EMPTY_ENVIRONMENT: dict[str, Any] = {
    "parameters": {},
    "parameter_defaults": {},
    "resource_registry": {"resources": {}},
    "event_sinks": [],
}
EXPLANATIONS = {
    400: "The server could not comply with the request since it is either malformed or otherwise incorrect.",
    403: "Access was denied to this resource.",
    404: "The resource could not be found.",
    409: "There was a conflict when trying to complete your request.",
    500: "The server has either erred or is incapable of performing the requested operation.",
}


def heat_error(error: ApiError) -> dict[str, Any]:
    """An error as Heat words it."""
    title = HTTPStatus(error.status).phrase
    cause: dict[str, Any] = {"traceback": None, "type": error.kind or f"HTTP{title.replace(' ', '')}"}
    cause |= {"message": error.message} if error.message else {}
    explanation = EXPLANATIONS.get(error.status, error.message)
    return {"code": error.status, "title": title, "explanation": explanation, "error": cause}


def heat_app(config: CloudConfig, identity: Identity, engine: Engine) -> Sanic[Any, Any]:
    """The app of the orchestration service."""
    app = new_app(config.name, "heat", heat_error)
    require_token(app, identity.tokens.caller, config.url("keystone"), lambda r: r.path == "/")
    mount(app, DiscoveryRoutes(engine).table())
    mount(app, StackRoutes(engine).table())
    mount(app, ResourceRoutes(engine).table())
    return app


class DiscoveryRoutes:
    """What this Heat can do, and validation of templates."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def table(self) -> list[Any]:
        """Method, path, handler."""
        return [
            ("GET", "/", self.versions),
            ("GET", "/v1/<project>/build_info", self.build_info),
            ("GET", "/v1/<project>/services", self.services),
            ("POST", "/v1/<project>/validate", self.validate),
            ("GET", "/v1/<project>/resource_types", self.types),
            ("GET", "/v1/<project>/resource_types/<name>", self.type),
            ("GET", "/v1/<project>/template_versions", self.template_versions),
        ]

    async def versions(self, request: Request) -> HTTPResponse:
        """GET /"""
        links = [{"rel": "self", "href": f"{address_of(request)}/v1/"}]
        return answer({"versions": [{"id": "v1.0", "status": "CURRENT", "links": links}]}, 300)

    async def build_info(self, request: Request, project: str) -> HTTPResponse:
        """GET /build_info"""
        require_role(request, project, "reader")
        return answer({"api": {"revision": "simcloud"}, "engine": {"revision": "simcloud"}})

    async def services(self, request: Request, project: str) -> HTTPResponse:
        """GET /services: for operators only."""
        if not require_role(request, project, "reader").is_admin:
            raise ApiError(403, "You are not authorized to use index.", "Forbidden")
        service = {"binary": "heat-engine", "hostname": self._engine.stacks.region, "host": "simcloud"}
        return answer(
            {"services": [service | {"engine_id": "1", "topic": "engine", "status": "up", "report_interval": 60}]}
        )

    async def validate(self, request: Request, project: str) -> HTTPResponse:
        """POST /validate"""
        caller = require_role(request, project, "member")
        fields = definition_of(body_of(request))
        template = parse_template(fields["template"])
        missing = [n for n, s in template.parameters.items() if "default" not in s and n not in fields["parameters"]]
        if not missing:
            self._validate(caller, fields)
        view = {
            "Description": template.description,
            "Parameters": parameters_view(template),
            "Environment": EMPTY_ENVIRONMENT | fields["environment"],
        }
        return answer(view | ({"ParameterGroups": template.parameter_groups} if template.parameter_groups else {}))

    def _validate(self, caller: Caller, fields: dict[str, Any]) -> None:
        try:
            self._engine.validated(caller, "validate", fields)
        except ApiError as error:
            raise ApiError(error.status, error.message, "HTTPBadRequest") from error

    async def types(self, request: Request, project: str) -> HTTPResponse:
        """GET /resource_types"""
        require_role(request, project, "reader")
        wanted = text_argument(request, "name") or ""
        if text_argument(request, "with_description"):
            return answer({"resource_types": [{"resource_type": n, "description": ""} for n in sorted(BUILT_IN)]})
        return answer({"resource_types": sorted(name for name in BUILT_IN if wanted in name)})

    async def type(self, request: Request, project: str, name: str) -> HTTPResponse:
        """GET /resource_types/{name}"""
        require_role(request, project, "reader")
        kind = BUILT_IN.get(name)
        if kind is None:
            raise ApiError(404, f"The Resource Type ({name}) could not be found.", "EntityNotFound")
        view = {
            "resource_type": name,
            "properties": {key: property_schema(prop) for key, prop in schema_of(kind).items()},
            "attributes": {key: {"description": ""} for key in kind.attributes},
            "support_status": {"status": "SUPPORTED", "version": None, "message": None, "previous_status": None},
        }
        return answer(view)

    async def template_versions(self, request: Request, project: str) -> HTTPResponse:
        """GET /template_versions"""
        require_role(request, project, "reader")
        shown = [{"version": f"heat_template_version.{name}", "type": "hot", "aliases": []} for name in VERSIONS]
        return answer({"template_versions": shown})
