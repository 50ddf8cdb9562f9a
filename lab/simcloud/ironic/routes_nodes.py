"""Routes of nodes: enrol, list, show, change, delete, traits, validation."""

from typing import Any

import msgspec
from sanic import HTTPResponse, Request

from lab.simcloud.api.access import caller_of
from lab.simcloud.api.app import address_of, answer, body_of, flag_argument, limit_argument, text_argument
from lab.simcloud.api.versions import version_of
from lab.simcloud.caller import Caller
from lab.simcloud.errors import bad_request, forbidden, not_found
from lab.simcloud.ironic.conductor import Conductor
from lab.simcloud.ironic.nodes import Nodes
from lab.simcloud.ironic.patch import apply_patch, settable
from lab.simcloud.ironic.policy import require, require_operator
from lab.simcloud.ironic.records import Node
from lab.simcloud.ironic.views import node_view, port_view
from lab.simcloud.store import PRESENT

TEXT_FILTERS = ("provision_state", "resource_class", "driver", "instance_uuid", "owner", "lessee")
FLAG_FILTERS = ("maintenance", "retired")


class NodeRoutes:
    """The noun `node`."""

    def __init__(self, nodes: Nodes, conductor: Conductor) -> None:
        self._nodes = nodes
        self._conductor = conductor

    def table(self) -> list[Any]:
        """Method, path, handler."""
        return [
            ("GET", "/v1/nodes", self.index),
            ("POST", "/v1/nodes", self.create),
            ("GET", "/v1/nodes/detail", self.list_detail),
            ("GET", "/v1/nodes/<node>", self.show),
            ("PATCH", "/v1/nodes/<node>", self.update),
            ("DELETE", "/v1/nodes/<node>", self.delete),
            ("GET", "/v1/nodes/<node>/validate", self.validate),
            ("GET", "/v1/nodes/<node>/ports", self.ports),
            ("GET", "/v1/nodes/<node>/vifs", self.vifs),
            ("GET", "/v1/nodes/<node>/traits", self.traits),
            ("PUT", "/v1/nodes/<node>/traits", self.set_traits),
            ("DELETE", "/v1/nodes/<node>/traits", self.clear_traits),
            ("PUT", "/v1/nodes/<node>/traits/<trait>", self.add_trait),
            ("DELETE", "/v1/nodes/<node>/traits/<trait>", self.remove_trait),
        ]

    def _view(self, request: Request, node: Node, detail: bool = True) -> dict[str, Any]:
        fields = text_argument(request, "fields")
        chosen = fields.split(",") if fields else None
        return node_view(node, address_of(request), self._nodes.conductor, version_of(request), chosen, detail)

    async def index(self, request: Request) -> HTTPResponse:
        """GET /v1/nodes"""
        return self._page(request, flag_argument(request, "detail"))

    async def list_detail(self, request: Request) -> HTTPResponse:
        """GET /v1/nodes/detail"""
        return self._page(request, True)

    def _page(self, request: Request, detail: bool) -> HTTPResponse:
        caller = caller_of(request)
        limit = limit_argument(request)
        marker = text_argument(request, "marker")
        if marker and self._nodes.table.get(marker) is None:
            raise not_found(f"Node {marker} could not be found.")
        found = self._find(caller, _filters(request), marker, limit + 1)
        body: dict[str, Any] = {"nodes": [self._view(request, node, detail) for node in found[:limit]]}
        if len(found) > limit:
            kept = [f"{k}={v}" for k in request.args for v in request.args.getlist(k) if k not in ("marker", "limit")]
            query = "&".join([*kept, f"limit={limit}", f"marker={found[limit - 1].id}"])
            body["next"] = f"{address_of(request)}{request.path}?{query}"
        return answer(body)

    def _find(self, caller: Caller, wanted: dict[str, Any], marker: str | None, limit: int) -> list[Node]:
        if caller.system:
            require(caller.is_system_reader, "baremetal:node:list_all")
            return self._nodes.table.find(after=marker, limit=limit, **wanted)
        if caller.project_id is None:
            raise forbidden("Access was denied to the following resource: baremetal:node:list")
        own = self._nodes.table.find(after=marker, limit=limit, **wanted | {"owner": caller.project_id})
        leased = self._nodes.table.find(after=marker, limit=limit, **wanted | {"lessee": caller.project_id})
        ids = {node.id for node in own}
        return (own + [node for node in leased if node.id not in ids])[:limit]

    async def create(self, request: Request) -> HTTPResponse:
        """POST /v1/nodes"""
        caller, body = caller_of(request), body_of(request)
        require(caller.is_admin, "baremetal:node:create")
        driver = str(body.get("driver") or "")
        if driver not in self._conductor.drivers:
            raise bad_request(
                f"No valid host was found. Reason: No conductor service registered which supports driver {driver} for "
                'conductor group "". Ensure the driver is valid and enabled.'
            )
        fields = settable(body)
        if body.get("uuid"):
            fields["id"] = str(body["uuid"])
        if caller.project_id and not caller.system:
            fields["owner"] = caller.project_id
        node = self._nodes.create(**fields)
        location = {"Location": f"{address_of(request)}/v1/nodes/{node.id}"}
        return answer(self._view(request, node), 201, location)

    async def show(self, request: Request, node: str) -> HTTPResponse:
        """GET /v1/nodes/{id or name}"""
        return answer(self._view(request, self._nodes.find(node, caller_of(request))))

    async def update(self, request: Request, node: str) -> HTTPResponse:
        """PATCH /v1/nodes/{id or name}: a JSON patch."""
        caller = caller_of(request)
        found = self._nodes.find(node, caller)
        require_operator(caller, found, "baremetal:node:update")
        self._nodes.require_unlocked(found)
        operations = msgspec.json.decode(request.body)
        if not isinstance(operations, list):
            raise bad_request("The patch must be a list of operations.")
        changes = apply_patch(found, operations)
        if changes.get("name") not in (None, found.name):
            self._nodes.require_free_name(changes["name"])
        return answer(self._view(request, self._nodes.change(found.id, **changes)))

    async def delete(self, request: Request, node: str) -> HTTPResponse:
        """DELETE /v1/nodes/{id or name}"""
        caller = caller_of(request)
        found = self._nodes.find(node, caller)
        require_operator(caller, found, "baremetal:node:delete")
        self._nodes.remove(found)
        return answer(None, 204)

    async def validate(self, request: Request, node: str) -> HTTPResponse:
        """GET /v1/nodes/{id}/validate"""
        found = self._nodes.find(node, caller_of(request))
        reason = self._conductor.driver(found).missing_info(found)
        checked = {"result": False, "reason": reason} if reason else {"result": True}
        unsupported = {"result": False, "reason": f"Driver {found.driver} does not support it (disabled)."}
        body = dict.fromkeys(("boot", "deploy", "management", "network", "power", "storage"), checked)
        return answer(body | dict.fromkeys(("bios", "console", "inspect", "raid", "rescue"), unsupported))

    async def ports(self, request: Request, node: str) -> HTTPResponse:
        """GET /v1/nodes/{id}/ports"""
        found = self._nodes.find(node, caller_of(request))
        root = address_of(request)
        return answer({"ports": [port_view(port, root) for port in self._nodes.ports.find(node_uuid=found.id)]})

    async def vifs(self, request: Request, node: str) -> HTTPResponse:
        """GET /v1/nodes/{id}/vifs"""
        found = self._nodes.find(node, caller_of(request))
        return answer({"vifs": [{"id": vif} for vif in found.vifs]})

    def _for_change(self, request: Request, node: str) -> Node:
        caller = caller_of(request)
        found = self._nodes.find(node, caller)
        require_operator(caller, found, "baremetal:node:traits:set")
        self._nodes.require_unlocked(found)
        return found

    async def traits(self, request: Request, node: str) -> HTTPResponse:
        """GET /v1/nodes/{id}/traits"""
        return answer({"traits": self._nodes.find(node, caller_of(request)).traits})

    async def set_traits(self, request: Request, node: str) -> HTTPResponse:
        """PUT /v1/nodes/{id}/traits"""
        found = self._for_change(request, node)
        traits = [str(trait) for trait in body_of(request).get("traits") or []]
        self._nodes.change(found.id, traits=sorted(set(traits)))
        return answer(None, 204)

    async def clear_traits(self, request: Request, node: str) -> HTTPResponse:
        """DELETE /v1/nodes/{id}/traits"""
        self._nodes.change(self._for_change(request, node).id, traits=[])
        return answer(None, 204)

    async def add_trait(self, request: Request, node: str, trait: str) -> HTTPResponse:
        """PUT /v1/nodes/{id}/traits/{trait}"""
        found = self._for_change(request, node)
        self._nodes.change(found.id, traits=sorted({*found.traits, trait}))
        return answer(None, 204)

    async def remove_trait(self, request: Request, node: str, trait: str) -> HTTPResponse:
        """DELETE /v1/nodes/{id}/traits/{trait}"""
        found = self._for_change(request, node)
        self._nodes.change(found.id, traits=[kept for kept in found.traits if kept != trait])
        return answer(None, 204)


def _filters(request: Request) -> dict[str, Any]:
    wanted: dict[str, Any] = {f: v for f in TEXT_FILTERS if (v := text_argument(request, f)) is not None}
    wanted |= {field: flag_argument(request, field) for field in FLAG_FILTERS if field in request.args}
    if "," in wanted.get("provision_state", ""):
        wanted["provision_state"] = wanted["provision_state"].split(",")
    if "associated" in request.args and "instance_uuid" not in wanted:
        wanted["instance_uuid"] = PRESENT if flag_argument(request, "associated") else None
    return wanted
