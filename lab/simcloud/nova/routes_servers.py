"""Routes of servers."""

import re
import secrets
from itertools import islice
from typing import Any

from sanic import HTTPResponse, Request

from lab.simcloud.api.access import caller_of, project_of
from lab.simcloud.api.app import address_of, answer, body_of, flag_argument, limit_argument, text_argument
from lab.simcloud.api.versions import version_of
from lab.simcloud.errors import ApiError, bad_request
from lab.simcloud.neutron.networks import Networks
from lab.simcloud.nova.records import Server
from lab.simcloud.nova.servers import Servers
from lab.simcloud.nova.views import addresses, links, server_view, short_view, status_of

# Source: Nova's API reference, "Create server"; unknown ones are refused.
CREATE_FIELDS = frozenset({
    "OS-DCF:diskConfig", "accessIPv4", "accessIPv6", "adminPass", "availability_zone", "block_device_mapping",
    "block_device_mapping_v2", "config_drive", "description", "flavorRef", "host", "hostname", "hypervisor_hostname",
    "imageRef", "key_name", "max_count", "metadata", "min_count", "name", "networks", "personality",
    "return_reservation_id", "security_groups", "tags", "trusted_image_certificates", "user_data",
})  # fmt: skip


def denied(rule: str) -> str:
    """Nova's 403 text."""
    return f"Policy doesn't allow os_compute_api:{rule} to be performed."


class ServerRoutes:
    """The noun `server`."""

    def __init__(self, servers: Servers, networks: Networks) -> None:
        self._servers = servers
        self._networks = networks

    def table(self) -> list[Any]:
        """Method, path, handler."""
        return [
            ("GET", "/v2.1/servers", self.index),
            ("GET", "/v2.1/servers/detail", self.list_detail),
            ("POST", "/v2.1/servers", self.create),
            ("GET", "/v2.1/servers/<server_id>", self.show),
            ("PUT", "/v2.1/servers/<server_id>", self.update),
            ("DELETE", "/v2.1/servers/<server_id>", self.delete),
            ("POST", "/v2.1/servers/<server_id>/action", self.action),
            ("GET", "/v2.1/servers/<server_id>/ips", self.ips),
            ("GET", "/v2.1/servers/<server_id>/os-interface", self.interfaces),
            ("GET", "/v2.1/servers/<server_id>/os-volume_attachments", self.volumes),
            ("GET", "/v2.1/servers/<server_id>/metadata", self.metadata),
            ("POST PUT", "/v2.1/servers/<server_id>/metadata", self.set_metadata),
        ]

    def _view(self, request: Request, server: Server, *, listed: bool = False) -> dict[str, Any]:
        admin = caller_of(request).is_admin
        root, version = address_of(request), version_of(request)
        return server_view(server, self._networks, root, version, admin, listed=listed)

    def _find(self, request: Request, server_id: str, rule: str) -> Server:
        project_of(request, denied(rule))
        return self._servers.get(server_id, caller_of(request))

    async def index(self, request: Request) -> HTTPResponse:
        """GET /servers"""
        return self._page(request, False)

    async def list_detail(self, request: Request) -> HTTPResponse:
        """GET /servers/detail"""
        return self._page(request, True)

    def _page(self, request: Request, detail: bool) -> HTTPResponse:
        project_id = project_of(request, denied("servers:index"))
        everyone = flag_argument(request, "all_tenants") or "all_tenants=" in request.query_string + "="
        wanted: dict[str, Any] = {"project_id": project_id}
        if everyone:
            if not caller_of(request).is_admin:
                raise ApiError(403, denied("servers:index:get_all_tenants"))
            asked = text_argument(request, "project_id") or text_argument(request, "tenant_id")
            wanted = {"project_id": asked} if asked else {}
        limit, marker = limit_argument(request), text_argument(request, "marker")
        servers = self._servers.table.each(after=marker, newest_first=True, **wanted)
        found = list(islice((server for server in servers if _matches(server, request)), limit + 1))
        root = address_of(request)
        shown = [self._view(request, s, listed=True) if detail else short_view(s, root) for s in found[:limit]]
        body: dict[str, Any] = {"servers": shown}
        if len(found) > limit:
            href = f"{root}{request.path}?limit={limit}&marker={found[limit - 1].id}"
            body["servers_links"] = [{"rel": "next", "href": href}]
        return answer(body)

    async def create(self, request: Request) -> HTTPResponse:
        """POST /servers"""
        project_of(request, denied("servers:create"))
        body = body_of(request, "server")
        _require_known_fields(body)
        server = self._servers.create(caller_of(request), body)
        root = address_of(request)
        href = f"{root}/v2.1/servers/{server.id}"
        shown = {"id": server.id, "links": links(root, "servers", server.id), "OS-DCF:diskConfig": "MANUAL"}
        shown |= {"adminPass": secrets.token_urlsafe(9), "security_groups": [{"name": "default"}]}
        return answer({"server": shown}, 202, {"Location": href})

    async def show(self, request: Request, server_id: str) -> HTTPResponse:
        """GET /servers/{id}"""
        return answer({"server": self._view(request, self._find(request, server_id, "servers:show"))})

    async def update(self, request: Request, server_id: str) -> HTTPResponse:
        """PUT /servers/{id}: name and description."""
        server = self._find(request, server_id, "servers:update")
        body = body_of(request, "server")
        server.name = str(body.get("name") or server.name)
        if "description" in body:
            server.description = body["description"]
        self._servers.table.save(server)
        return answer({"server": self._view(request, server)})

    async def delete(self, request: Request, server_id: str) -> HTTPResponse:
        """DELETE /servers/{id}"""
        self._servers.delete(self._find(request, server_id, "servers:delete"))
        return answer(None, 204)

    async def action(self, request: Request, server_id: str) -> HTTPResponse:
        """POST /servers/{id}/action"""
        server = self._find(request, server_id, "servers:action")
        body = body_of(request)
        if "os-start" in body:
            self._servers.power(server, "start")
        elif "os-stop" in body:
            self._servers.power(server, "stop", soft=True)
        elif "reboot" in body:
            kind = str((body["reboot"] or {}).get("type")).upper()
            if kind not in ("SOFT", "HARD"):
                raise bad_request("Invalid input for field/attribute type. It must be SOFT or HARD.")
            self._servers.power(server, "reboot", soft=kind == "SOFT")
        elif "lock" in body or "unlock" in body:
            server.locked = "lock" in body
            server.locked_reason = (body.get("lock") or {}).get("locked_reason")
            self._servers.table.save(server)
        else:
            raise bad_request(f"There is no such action: {', '.join(body)}")
        return answer(None, 202)

    async def ips(self, request: Request, server_id: str) -> HTTPResponse:
        """GET /servers/{id}/ips"""
        server = self._find(request, server_id, "ips:index")
        return answer({"addresses": addresses(server, self._networks)})

    async def interfaces(self, request: Request, server_id: str) -> HTTPResponse:
        """GET /servers/{id}/os-interface"""
        server = self._find(request, server_id, "os-attach-interfaces:list")
        ports = [port for port_id in server.ports if (port := self._networks.ports.get(port_id))]
        shown = [
            {
                "port_id": port.id,
                "net_id": port.network_id,
                "mac_addr": port.mac_address,
                "port_state": port.status,
                "fixed_ips": port.fixed_ips,
            }
            | ({"tag": None} if version_of(request) >= (2, 70) else {})
            for port in ports
        ]
        return answer({"interfaceAttachments": shown})

    async def volumes(self, request: Request, server_id: str) -> HTTPResponse:
        """GET /servers/{id}/os-volume_attachments: not emulated, so there are none."""
        self._find(request, server_id, "os-volumes-attachments:index")
        return answer({"volumeAttachments": []})

    async def metadata(self, request: Request, server_id: str) -> HTTPResponse:
        """GET /servers/{id}/metadata"""
        return answer({"metadata": self._find(request, server_id, "server-metadata:index").metadata})

    async def set_metadata(self, request: Request, server_id: str) -> HTTPResponse:
        """POST (adds to) and PUT (replaces) /servers/{id}/metadata"""
        server = self._find(request, server_id, "server-metadata:update_all")
        given = {str(k): str(v) for k, v in body_of(request, "metadata").items()}
        server.metadata = given if request.method == "PUT" else server.metadata | given
        self._servers.table.save(server)
        return answer({"metadata": server.metadata})


def _require_known_fields(body: dict[str, Any]) -> None:
    for field in body:
        if field not in CREATE_FIELDS:
            raise bad_request(
                f"Invalid input for field/attribute server. Value: {body}. Additional properties are not allowed "
                f"('{field}' was unexpected)"
            )


def _matches(server: Server, request: Request) -> bool:
    name, status = text_argument(request, "name"), text_argument(request, "status")
    if name is not None:
        try:
            if not re.search(name, server.name):
                return False
        except re.error as error:
            raise bad_request(f"Invalid regular expression: {name}") from error
    if status is not None and status_of(server) != status.upper():
        return False
    wanted = {"uuid": server.id, "flavor": server.flavor["id"], "image": server.image_id, "key_name": server.key_name}
    if any(text_argument(request, key) not in (None, value) for key, value in wanted.items()):
        return False
    tags = text_argument(request, "tags")
    return tags is None or set(tags.split(",")) <= set(server.tags)
