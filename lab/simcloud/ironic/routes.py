"""Ironic's app (v1): versions, drivers, conductors, and the tables of the other route files."""

import json
from typing import Any

from sanic import HTTPResponse, Request, Sanic
from sanic.response import BaseHTTPResponse

from lab.simcloud.api.access import caller_of, require_token
from lab.simcloud.api.app import address_of, answer, mount, new_app
from lab.simcloud.api.versions import Version, negotiate, show_version
from lab.simcloud.config import CloudConfig
from lab.simcloud.errors import ApiError, forbidden, not_found
from lab.simcloud.ironic.conductor import Conductor
from lab.simcloud.ironic.nodes import Nodes
from lab.simcloud.ironic.routes_nodes import NodeRoutes
from lab.simcloud.ironic.routes_ports import PortRoutes
from lab.simcloud.ironic.routes_states import StateRoutes
from lab.simcloud.ironic.views import DEFAULT_INTERFACES, links
from lab.simcloud.keystone.service import Identity

LOWEST: Version = (1, 1)
HIGHEST: Version = (1, 111)
HEADER = "X-OpenStack-Ironic-API-Version"


def ironic_error(error: ApiError) -> dict[str, Any]:
    """An error as Ironic words it: JSON as text within JSON, which its own client depends on."""
    fault = "Server" if error.status >= 500 else "Client"
    inner = {"faultcode": fault, "faultstring": error.message, "debuginfo": None}
    return {"error_message": json.dumps(inner)}


def ironic_app(config: CloudConfig, identity: Identity, nodes: Nodes, conductor: Conductor) -> Sanic[Any, Any]:
    """The app of the bare-metal service."""
    app = new_app(config.name, "ironic", ironic_error)
    negotiate(app, LOWEST, HIGHEST, _asked, _tell)
    public = ("", "/v1")
    require_token(app, identity.tokens.caller, config.url("keystone"), lambda r: r.path.rstrip("/") in public)
    mount(app, DiscoveryRoutes(nodes).table())
    mount(app, NodeRoutes(nodes, conductor).table())
    mount(app, StateRoutes(nodes, conductor).table())
    mount(app, PortRoutes(nodes).table())
    return app


def _asked(request: Request) -> str | None:
    text = request.headers.get(HEADER) or request.headers.get("OpenStack-API-Version")
    return text.removeprefix("baremetal ") if text else None


def _tell(response: BaseHTTPResponse, version: Version) -> None:
    response.headers[HEADER] = show_version(version)
    response.headers["X-OpenStack-Ironic-API-Minimum-Version"] = show_version(LOWEST)
    response.headers["X-OpenStack-Ironic-API-Maximum-Version"] = show_version(HIGHEST)


class DiscoveryRoutes:
    """What the service can do."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes

    def table(self) -> list[Any]:
        """Method, path, handler."""
        return [
            ("GET", "/", self.versions),
            ("GET", "/v1", self.version),
            ("GET", "/v1/conductors", self.conductors),
            ("GET", "/v1/conductors/<hostname>", self.conductor),
            ("GET", "/v1/drivers", self.drivers),
            ("GET", "/v1/drivers/<name>", self.driver),
            ("GET", "/v1/chassis", self.chassis),
            ("GET", "/v1/allocations", self.allocations),
            ("GET", "/v1/portgroups", self.portgroups),
        ]

    @staticmethod
    def _version(root: str) -> dict[str, Any]:
        return {
            "id": "v1",
            "status": "CURRENT",
            "min_version": show_version(LOWEST),
            "version": show_version(HIGHEST),
            "links": [{"rel": "self", "href": f"{root}/v1/"}],
        }

    async def versions(self, request: Request) -> HTTPResponse:
        """GET /"""
        version = self._version(address_of(request))
        body = {"name": "OpenStack Ironic API", "description": "Ironic is an OpenStack project", "versions": [version]}
        return answer(body | {"default_version": version})

    async def version(self, request: Request) -> HTTPResponse:
        """GET /v1"""
        root = address_of(request)
        nouns = ("nodes", "ports", "drivers", "conductors", "chassis", "portgroups", "allocations")
        body: dict[str, Any] = {"id": "v1", "version": self._version(root), "links": links(root, "", "")}
        return answer(body | {noun: links(root, noun, "") for noun in nouns})

    def _conductor(self, root: str) -> dict[str, Any]:
        name = self._nodes.conductor
        return {"hostname": name, "conductor_group": "", "alive": True, "links": links(root, "conductors", name)}

    async def conductors(self, request: Request) -> HTTPResponse:
        """GET /v1/conductors"""
        _require_system(request, "baremetal:conductor:get")
        return answer({"conductors": [self._conductor(address_of(request))]})

    async def conductor(self, request: Request, hostname: str) -> HTTPResponse:
        """GET /v1/conductors/{hostname}"""
        _require_system(request, "baremetal:conductor:get")
        if hostname != self._nodes.conductor:
            raise not_found(f"Conductor {hostname} could not be found.")
        return answer(self._conductor(address_of(request)) | {"drivers": sorted(DEFAULT_INTERFACES)})

    def _driver(self, root: str, name: str) -> dict[str, Any]:
        return {
            "name": name,
            "hosts": [self._nodes.conductor],
            "type": "dynamic",
            "links": links(root, "drivers", name),
            "properties": links(root, f"drivers/{name}", "properties"),
        }

    async def drivers(self, request: Request) -> HTTPResponse:
        """GET /v1/drivers"""
        _require_system(request, "baremetal:driver:get")
        return answer({"drivers": [self._driver(address_of(request), name) for name in sorted(DEFAULT_INTERFACES)]})

    async def driver(self, request: Request, name: str) -> HTTPResponse:
        """GET /v1/drivers/{name}"""
        _require_system(request, "baremetal:driver:get")
        if name not in DEFAULT_INTERFACES:
            raise not_found(f"Could not find the following driver(s) or hardware type(s): {name}.")
        defaults = {f"default_{kind}_interface": value for kind, value in DEFAULT_INTERFACES[name].items()}
        enabled = {f"enabled_{kind}_interfaces": [value] for kind, value in DEFAULT_INTERFACES[name].items()}
        return answer(self._driver(address_of(request), name) | defaults | enabled)

    async def chassis(self, request: Request) -> HTTPResponse:
        """GET /v1/chassis: not emulated, so there are none."""
        return answer({"chassis": []})

    async def allocations(self, request: Request) -> HTTPResponse:
        """GET /v1/allocations: not emulated, so there are none."""
        return answer({"allocations": []})

    async def portgroups(self, request: Request) -> HTTPResponse:
        """GET /v1/portgroups: not emulated, so there are none."""
        return answer({"portgroups": []})


def _require_system(request: Request, rule: str) -> None:
    if not caller_of(request).is_system_reader:
        raise forbidden(f"{rule} is disallowed by policy")
