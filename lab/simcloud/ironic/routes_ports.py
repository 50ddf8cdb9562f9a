"""Routes of the network interfaces of machines."""

from typing import Any

from sanic import HTTPResponse, Request

from lab.simcloud.api.access import caller_of
from lab.simcloud.api.app import address_of, answer, body_of, flag_argument, limit_argument, text_argument
from lab.simcloud.errors import bad_request, not_found
from lab.simcloud.ironic.nodes import Nodes
from lab.simcloud.ironic.policy import require_operator
from lab.simcloud.ironic.records import BaremetalPort
from lab.simcloud.ironic.views import port_view

SETTABLE = ("physical_network", "pxe_enabled", "local_link_connection", "extra", "name")


class PortRoutes:
    """The noun `port`."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes

    def table(self) -> list[Any]:
        """Method, path, handler."""
        return [
            ("GET", "/v1/ports", self.index),
            ("GET", "/v1/ports/detail", self.list_detail),
            ("POST", "/v1/ports", self.create),
            ("GET", "/v1/ports/<port_id>", self.show),
            ("DELETE", "/v1/ports/<port_id>", self.delete),
        ]

    def _find(self, request: Request, port_id: str) -> BaremetalPort:
        port = self._nodes.ports.get(port_id) or self._nodes.ports.first(address=port_id.lower())
        node = self._nodes.table.get(port.node_uuid) if port else None
        if port is None or node is None or not self._nodes.visible(node, caller_of(request)):
            raise not_found(f"Port {port_id} could not be found.")
        return port

    async def index(self, request: Request) -> HTTPResponse:
        """GET /v1/ports"""
        return self._page(request, flag_argument(request, "detail"))

    async def list_detail(self, request: Request) -> HTTPResponse:
        """GET /v1/ports/detail"""
        return self._page(request, True)

    def _page(self, request: Request, detail: bool) -> HTTPResponse:
        caller, root, limit = caller_of(request), address_of(request), limit_argument(request)
        wanted: dict[str, Any] = {}
        node = text_argument(request, "node_uuid") or text_argument(request, "node")
        if node:
            wanted["node_uuid"] = self._nodes.find(node, caller).id
        if address := text_argument(request, "address"):
            wanted["address"] = address.lower()
        if not caller.is_system_reader and not node:
            own = self._nodes.table.find(owner=caller.project_id) if caller.project_id else []
            wanted["node_uuid"] = [found.id for found in own]
        found = self._nodes.ports.find(after=text_argument(request, "marker"), limit=limit + 1, **wanted)
        fields = text_argument(request, "fields")
        chosen = fields.split(",") if fields else None
        body: dict[str, Any] = {"ports": [port_view(port, root, chosen, detail) for port in found[:limit]]}
        if len(found) > limit:
            body["next"] = f"{root}{request.path}?limit={limit}&marker={found[limit - 1].id}"
        return answer(body)

    async def create(self, request: Request) -> HTTPResponse:
        """POST /v1/ports"""
        caller, body = caller_of(request), body_of(request)
        address = str(body.get("address") or "").lower()
        if not address:
            raise bad_request("'address' is a required property")
        node = self._nodes.find(str(body.get("node_uuid")), caller)
        require_operator(caller, node, "baremetal:port:create")
        fields = {key: body[key] for key in SETTABLE if body.get(key) is not None}
        if body.get("uuid"):
            fields["id"] = str(body["uuid"])
        port = self._nodes.add_port(node, address=address, **fields)
        root = address_of(request)
        return answer(port_view(port, root), 201, {"Location": f"{root}/v1/ports/{port.id}"})

    async def show(self, request: Request, port_id: str) -> HTTPResponse:
        """GET /v1/ports/{id or address}"""
        return answer(port_view(self._find(request, port_id), address_of(request)))

    async def delete(self, request: Request, port_id: str) -> HTTPResponse:
        """DELETE /v1/ports/{id or address}"""
        port = self._find(request, port_id)
        require_operator(caller_of(request), self._nodes.read(port.node_uuid), "baremetal:port:delete")
        self._nodes.ports.remove(port.id)
        return answer(None, 204)
