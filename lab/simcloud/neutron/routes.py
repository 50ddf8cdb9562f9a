"""Neutron's app (v2.0)."""

from typing import Any

from sanic import HTTPResponse, Request, Sanic

from lab.simcloud.api.access import caller_of, project_of, require_token
from lab.simcloud.api.app import address_of, answer, mount, new_app
from lab.simcloud.config import CloudConfig
from lab.simcloud.errors import ApiError
from lab.simcloud.keystone.service import Identity
from lab.simcloud.neutron.networks import Networks
from lab.simcloud.neutron.routes_groups import GroupRoutes
from lab.simcloud.neutron.routes_networks import NetworkRoutes
from lab.simcloud.neutron.routes_ports import PortRoutes

EXTENSIONS = ("security-group", "provider", "port-security", "binding", "standard-attr-tag", "quotas", "net-mtu")


LIMITED = ("network", "subnet", "subnetpool", "port", "security_group", "security_group_rule", "rbac_policy")


def neutron_error(error: ApiError) -> dict[str, Any]:
    """An error as Neutron words it."""
    return {"NeutronError": {"type": error.kind or "HTTPError", "message": error.message, "detail": ""}}


def neutron_app(config: CloudConfig, identity: Identity, networks: Networks) -> Sanic[Any, Any]:
    """The app of the network service."""
    app = new_app(config.name, "neutron", neutron_error)
    require_token(app, identity.tokens.caller, config.url("keystone"), lambda r: r.path == "/")
    mount(app, [*DiscoveryRoutes(networks).table(), *NetworkRoutes(networks).table()])
    mount(app, [*PortRoutes(networks).table(), *GroupRoutes(networks).table()])
    return app


class DiscoveryRoutes:
    """Versions, extensions and quotas (there is no limit)."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks

    def table(self) -> list[Any]:
        """Method, path, handler."""
        return [
            ("GET", "/", self.versions),
            ("GET", "/v2.0", self.resources),
            ("GET", "/v2.0/extensions", self.extensions),
            ("GET", "/v2.0/extensions/<alias>", self.extension),
            ("GET", "/v2.0/quotas/<project_id>", self.quota),
            ("GET", "/v2.0/quotas/<project_id>/details", self.quota_details),
            ("GET", "/v2.0/agents", self.agents),
            ("GET", "/v2.0/routers", self.routers),
            ("GET", "/v2.0/floatingips", self.floating_ips),
        ]

    async def versions(self, request: Request) -> HTTPResponse:
        """GET /"""
        links = [{"rel": "self", "href": f"{address_of(request)}/v2.0/"}]
        return answer({"versions": [{"id": "v2.0", "status": "CURRENT", "links": links}]})

    async def resources(self, request: Request) -> HTTPResponse:
        """GET /v2.0"""
        root = f"{address_of(request)}/v2.0"
        names = ("network", "subnet", "port", "security-group")
        shown = [
            {"name": name, "collection": f"{name}s", "links": [{"rel": "self", "href": f"{root}/{name}s"}]}
            for name in names
        ]
        return answer({"resources": shown})

    @staticmethod
    def _extension(alias: str) -> dict[str, Any]:
        about = {"alias": alias, "name": alias, "description": f"The extension {alias}"}
        return about | {"updated": "2013-01-01T00:00:00-00:00", "links": []}

    async def extensions(self, request: Request) -> HTTPResponse:
        """GET /v2.0/extensions"""
        return answer({"extensions": [self._extension(alias) for alias in EXTENSIONS]})

    async def extension(self, request: Request, alias: str) -> HTTPResponse:
        """GET /v2.0/extensions/{alias}"""
        if alias not in EXTENSIONS:
            raise ApiError(404, "The resource could not be found.", "HTTPNotFound")
        return answer({"extension": self._extension(alias)})

    async def quota(self, request: Request, project_id: str) -> HTTPResponse:
        """GET /v2.0/quotas/{project}"""
        caller_of(request)
        return answer({"quota": dict.fromkeys(LIMITED, -1)})

    async def quota_details(self, request: Request, project_id: str) -> HTTPResponse:
        """GET /v2.0/quotas/{project}/details"""
        own = project_of(request, "Quota details need a project.")
        tables = {
            "network": self._networks.networks,
            "subnet": self._networks.subnets,
            "port": self._networks.ports,
            "security_group": self._networks.groups,
        }
        used = {name: table.count(project_id=own) for name, table in tables.items()}  # type: ignore[attr-defined]
        return answer({"quota": {name: {"limit": -1, "used": n, "reserved": 0} for name, n in used.items()}})

    async def agents(self, request: Request) -> HTTPResponse:
        """GET /v2.0/agents: a flat network needs none."""
        return answer({"agents": []})

    async def routers(self, request: Request) -> HTTPResponse:
        """GET /v2.0/routers: not emulated, so there are none."""
        return answer({"routers": []})

    async def floating_ips(self, request: Request) -> HTTPResponse:
        """GET /v2.0/floatingips: not emulated, so there are none."""
        return answer({"floatingips": []})
