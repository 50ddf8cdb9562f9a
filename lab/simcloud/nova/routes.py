"""Nova's app (v2.1 with microversions): discovery, limits and quotas, and the tables of the other route files."""

from typing import Any

from sanic import HTTPResponse, Request, Sanic
from sanic.response import BaseHTTPResponse

from lab.simcloud.api.access import caller_of, require_token
from lab.simcloud.api.app import address_of, answer, mount, new_app
from lab.simcloud.api.versions import Version, negotiate, show_version, version_of
from lab.simcloud.clock import precise_stamp
from lab.simcloud.config import CloudConfig
from lab.simcloud.errors import ApiError
from lab.simcloud.keystone.service import Identity
from lab.simcloud.neutron.networks import Networks
from lab.simcloud.nova.flavors import Flavors, Keypairs
from lab.simcloud.nova.routes_flavors import FlavorRoutes
from lab.simcloud.nova.routes_servers import ServerRoutes
from lab.simcloud.nova.servers import Servers
from lab.simcloud.nova.views import HOST

LOWEST: Version = (2, 1)
HIGHEST: Version = (2, 100)
# Source: Nova's "REST API Version History".
LIMITED_UNTIL: dict[str, Version] = {
    "floating_ips": (2, 36),
    "fixed_ips": (2, 36),
    "security_groups": (2, 36),
    "security_group_rules": (2, 36),
    "injected_files": (2, 57),
    "injected_file_content_bytes": (2, 57),
    "injected_file_path_bytes": (2, 57),
}
SERVICE_ID = "5e41ed0c-0000-4000-8000-000000000001"
NAMES = {400: "badRequest", 401: "unauthorized", 403: "forbidden", 404: "itemNotFound", 409: "conflictingRequest"}


def nova_error(error: ApiError) -> dict[str, Any]:
    """An error as Nova words it."""
    name = NAMES.get(error.status, "computeFault")
    return {name: {"code": error.status, "message": error.message}}


def nova_app(
    config: CloudConfig,
    identity: Identity,
    servers: Servers,
    flavors: Flavors,
    keypairs: Keypairs,
    networks: Networks,
) -> Sanic[Any, Any]:
    """The app of the compute service."""
    app = new_app(config.name, "nova", nova_error)
    negotiate(app, LOWEST, HIGHEST, _asked, _tell)
    public = ("", "/v2.1")
    require_token(app, identity.tokens.caller, config.url("keystone"), lambda r: r.path.rstrip("/") in public)
    mount(app, DiscoveryRoutes(servers).table())
    mount(app, ServerRoutes(servers, networks).table())
    mount(app, FlavorRoutes(flavors, keypairs).table())
    return app


def _asked(request: Request) -> str | None:
    text = request.headers.get("OpenStack-API-Version")
    if text and text.startswith("compute "):
        return str(text.removeprefix("compute "))
    older = request.headers.get("X-OpenStack-Nova-API-Version")
    return str(older) if older else None


def _tell(response: BaseHTTPResponse, version: Version) -> None:
    response.headers["OpenStack-API-Version"] = f"compute {show_version(version)}"
    response.headers["X-OpenStack-Nova-API-Version"] = show_version(version)
    response.headers["Vary"] = "OpenStack-API-Version, X-OpenStack-Nova-API-Version"


class DiscoveryRoutes:
    """Versions, and what there is no limit of."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers

    def table(self) -> list[Any]:
        """Method, path, handler."""
        return [
            ("GET", "/", self.versions),
            ("GET", "/v2.1", self.version),
            ("GET", "/v2.1/limits", self.limits),
            ("GET", "/v2.1/os-quota-sets/<project_id>", self.quota),
            ("GET", "/v2.1/os-quota-sets/<project_id>/detail", self.quota),
            ("GET", "/v2.1/os-availability-zone", self.zones),
            ("GET", "/v2.1/os-availability-zone/detail", self.zones_detail),
            ("GET", "/v2.1/extensions", self.extensions),
            ("GET", "/v2.1/os-services", self.services),
        ]

    @staticmethod
    def _version(root: str) -> dict[str, Any]:
        return {
            "id": "v2.1",
            "status": "CURRENT",
            "version": show_version(HIGHEST),
            "min_version": show_version(LOWEST),
            "updated": "2013-07-23T11:33:21Z",
            "links": [{"rel": "self", "href": f"{root}/v2.1/"}],
        }

    async def versions(self, request: Request) -> HTTPResponse:
        """GET /"""
        return answer({"versions": [self._version(address_of(request))]})

    async def version(self, request: Request) -> HTTPResponse:
        """GET /v2.1"""
        return answer({"version": self._version(address_of(request))})

    async def limits(self, request: Request) -> HTTPResponse:
        """GET /limits"""
        used = self._servers.table.count(project_id=caller_of(request).project_id)
        absolute = dict.fromkeys(("maxTotalInstances", "maxTotalCores", "maxTotalRAMSize", "maxTotalKeypairs"), -1)
        absolute |= {"maxServerMeta": 128, "maxServerGroups": 0, "maxServerGroupMembers": 0}
        absolute |= {"totalInstancesUsed": used, "totalCoresUsed": used, "totalRAMUsed": 0, "totalServerGroupsUsed": 0}
        if version_of(request) < (2, 36):
            absolute |= {"maxSecurityGroups": -1, "maxSecurityGroupRules": -1, "maxTotalFloatingIps": -1}
            absolute |= {"totalSecurityGroupsUsed": 0, "totalFloatingIpsUsed": 0}
        if version_of(request) < (2, 39):
            absolute["maxImageMeta"] = 128
        if version_of(request) < (2, 57):
            absolute |= {"maxPersonality": -1, "maxPersonalitySize": -1}
        return answer({"limits": {"rate": [], "absolute": absolute}})

    async def quota(self, request: Request, project_id: str) -> HTTPResponse:
        """GET /os-quota-sets/{project}"""
        used = self._servers.table.count(project_id=project_id)
        caller_of(request)
        names = ["instances", "cores", "ram", "key_pairs", "metadata_items", "server_groups", "server_group_members"]
        names += [name for name, until in LIMITED_UNTIL.items() if version_of(request) < until]
        if request.path.endswith("/detail"):
            shown: dict[str, Any] = {name: {"limit": -1, "in_use": 0, "reserved": 0} for name in names}
            shown["instances"]["in_use"] = used
        else:
            shown = dict.fromkeys(names, -1)
        return answer({"quota_set": shown | {"id": project_id}})

    async def zones(self, request: Request) -> HTTPResponse:
        """GET /os-availability-zone"""
        zone = {"zoneName": "nova", "zoneState": {"available": True}, "hosts": None}
        return answer({"availabilityZoneInfo": [zone]})

    async def zones_detail(self, request: Request) -> HTTPResponse:
        """GET /os-availability-zone/detail: with the hosts, for administrators."""
        if not caller_of(request).is_admin:
            raise ApiError(403, "Policy doesn't allow os_compute_api:os-availability-zone:detail to be performed.")
        hosts = {HOST: {"nova-compute": {"active": True, "available": True, "updated_at": precise_stamp().rstrip("Z")}}}
        zone = {"zoneName": "nova", "zoneState": {"available": True}, "hosts": hosts}
        return answer({"availabilityZoneInfo": [zone]})

    async def extensions(self, request: Request) -> HTTPResponse:
        """GET /extensions"""
        return answer({"extensions": []})

    async def services(self, request: Request) -> HTTPResponse:
        """GET /os-services"""
        if not caller_of(request).is_admin:
            raise ApiError(403, "Policy doesn't allow os_compute_api:os-services:list to be performed.")
        updated = precise_stamp().rstrip("Z")
        service: dict[str, Any] = {
            "binary": "nova-compute",
            "host": HOST,
            "zone": "nova",
            "status": "enabled",
            "state": "up",
        }
        service |= {"id": SERVICE_ID, "disabled_reason": None, "updated_at": updated, "forced_down": False}
        return answer({"services": [service]})
