"""Placement's app: a view of Ironic's nodes as resource providers, one of a custom class each."""

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from itertools import islice
from typing import Any
from uuid import uuid4

from sanic import HTTPResponse, Request, Sanic
from sanic.response import BaseHTTPResponse

from lab.simcloud.api.access import caller_of, require_token
from lab.simcloud.api.app import answer, mount, new_app, text_argument
from lab.simcloud.api.versions import Version, negotiate, show_version
from lab.simcloud.config import CloudConfig
from lab.simcloud.errors import ApiError, bad_request, forbidden, not_found
from lab.simcloud.ironic.nodes import Nodes
from lab.simcloud.ironic.records import Node
from lab.simcloud.keystone.service import Identity
from lab.simcloud.nova.scheduler import custom_class, schedulable

LOWEST: Version = (1, 0)
HIGHEST: Version = (1, 39)
HIDDEN = ("enroll", "verifying", "manageable", "inspecting", "inspect failed")


def placement_error(error: ApiError) -> dict[str, Any]:
    """An error as Placement words it."""
    cause = {
        "status": error.status,
        "title": HTTPStatus(error.status).phrase,
        "detail": error.message,
        "code": "placement.undefined_code",
        "request_id": f"req-{uuid4()}",
    }
    return {"errors": [cause]}


def placement_app(config: CloudConfig, identity: Identity, nodes: Nodes) -> Sanic[Any, Any]:
    """The app of the placement service."""
    app = new_app(config.name, "placement", placement_error)
    negotiate(app, LOWEST, HIGHEST, _asked, _tell)
    require_token(app, identity.tokens.caller, config.url("keystone"), lambda r: r.path == "/")
    mount(app, ProviderRoutes(nodes).table())
    return app


def _asked(request: Request) -> str | None:
    text = request.headers.get("OpenStack-API-Version")
    return str(text.removeprefix("placement ")) if text and text.startswith("placement ") else None


def _tell(response: BaseHTTPResponse, version: Version) -> None:
    response.headers["OpenStack-API-Version"] = f"placement {show_version(version)}"
    response.headers["Vary"] = "OpenStack-API-Version"


def inventory(node: Node) -> dict[str, dict[str, Any]]:
    """One of the node's class; reserved while it cannot be given out, as Nova's Ironic driver reports it."""
    if not node.resource_class:
        return {}
    free = schedulable(node) or node.instance_uuid is not None
    one = {"total": 1, "reserved": 0 if free else 1, "min_unit": 1, "max_unit": 1, "step_size": 1}
    return {custom_class(node.resource_class): one | {"allocation_ratio": 1.0}}


def usages(node: Node) -> dict[str, int]:
    """One if a server has it."""
    return dict.fromkeys(inventory(node), 1 if node.instance_uuid else 0)


class ProviderRoutes:
    """Resource providers and candidates; for administrators, as Placement's policy has it."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes

    def table(self) -> list[Any]:
        """Method, path, handler."""
        return [
            ("GET", "/", self.versions),
            ("GET", "/resource_providers", self.index),
            ("GET", "/resource_providers/<provider>", self.show),
            ("GET", "/resource_providers/<provider>/inventories", self.inventories),
            ("GET", "/resource_providers/<provider>/usages", self.usages),
            ("GET", "/resource_providers/<provider>/traits", self.traits),
            ("GET", "/resource_providers/<provider>/allocations", self.allocations),
            ("GET", "/resource_classes", self.classes),
            ("GET", "/allocations/<consumer>", self.allocations_of),
            ("GET", "/allocation_candidates", self.candidates),
        ]

    async def versions(self, request: Request) -> HTTPResponse:
        """GET /"""
        version = {"id": "v1.0", "status": "CURRENT", "links": [{"rel": "self", "href": ""}]}
        return answer({"versions": [version | {"min_version": "1.0", "max_version": show_version(HIGHEST)}]})

    @staticmethod
    def _require_admin(request: Request) -> None:
        if not caller_of(request).is_admin:
            raise forbidden("Policy does not allow this request to be performed.")

    def _providers(self, **wanted: Any) -> Iterator[Node]:
        return (node for node in self._nodes.table.each(**wanted) if _is_provider(node))

    def _provider(self, request: Request, provider: str) -> Node:
        self._require_admin(request)
        node = self._nodes.table.get(provider)
        if node is None or not _is_provider(node):
            raise not_found(f"No resource provider with uuid {provider} found")
        return node

    @staticmethod
    def _view(node: Node) -> dict[str, Any]:
        base = f"/resource_providers/{node.id}"
        below = ("self", "inventories", "usages", "traits", "allocations")
        return {
            "uuid": node.id,
            "name": node.id,
            "generation": 1,
            "parent_provider_uuid": None,
            "root_provider_uuid": node.id,
            "links": [{"rel": rel, "href": base if rel == "self" else f"{base}/{rel}"} for rel in below],
        }

    async def index(self, request: Request) -> HTTPResponse:
        """GET /resource_providers"""
        self._require_admin(request)
        ids = {argument for name in ("name", "uuid") if (argument := text_argument(request, name))}
        named = [node for node_id in ids if (node := self._nodes.table.get(node_id)) and _is_provider(node)]
        found: Iterable[Node] = (named if len(ids) == 1 else []) if ids else self._providers()
        if resources := text_argument(request, "resources"):
            wanted = _wanted_classes(resources)
            found = (node for node in found if _offers(node, wanted))
        return answer({"resource_providers": [self._view(node) for node in found]})

    async def show(self, request: Request, provider: str) -> HTTPResponse:
        """GET /resource_providers/{id}"""
        return answer(self._view(self._provider(request, provider)))

    async def inventories(self, request: Request, provider: str) -> HTTPResponse:
        """GET /resource_providers/{id}/inventories"""
        node = self._provider(request, provider)
        return answer({"inventories": inventory(node), "resource_provider_generation": 1})

    async def usages(self, request: Request, provider: str) -> HTTPResponse:
        """GET /resource_providers/{id}/usages"""
        node = self._provider(request, provider)
        return answer({"usages": usages(node), "resource_provider_generation": 1})

    async def traits(self, request: Request, provider: str) -> HTTPResponse:
        """GET /resource_providers/{id}/traits"""
        return answer({"traits": self._provider(request, provider).traits, "resource_provider_generation": 1})

    async def allocations(self, request: Request, provider: str) -> HTTPResponse:
        """GET /resource_providers/{id}/allocations"""
        node = self._provider(request, provider)
        held = {node.instance_uuid: {"resources": usages(node)}} if node.instance_uuid else {}
        return answer({"allocations": held, "resource_provider_generation": 1})

    async def classes(self, request: Request) -> HTTPResponse:
        """GET /resource_classes"""
        self._require_admin(request)
        return answer({"resource_classes": [_class_view(name) for name in sorted(self._class_names())]})

    def _class_names(self) -> set[str]:
        known = {custom_class(name) for name in self._nodes.table.values("resource_class") if name}
        return known | {"VCPU", "MEMORY_MB", "DISK_GB"}

    async def allocations_of(self, request: Request, consumer: str) -> HTTPResponse:
        """GET /allocations/{server}"""
        self._require_admin(request)
        node = self._nodes.table.first(instance_uuid=consumer)
        held = {node.id: {"resources": usages(node), "generation": 1}} if node else {}
        return answer({"allocations": held})

    async def candidates(self, request: Request) -> HTTPResponse:
        """GET /allocation_candidates"""
        self._require_admin(request)
        wanted = _wanted_classes(text_argument(request, "resources") or "")
        if unknown := set(wanted) - self._class_names():
            raise bad_request(f"Invalid resource class in resources parameter: No such resource class {min(unknown)}.")
        limit = int(text_argument(request, "limit") or 10**9)
        free = self._providers(provision_state="available", instance_uuid=None)
        found = list(islice((node for node in free if schedulable(node) and _offers(node, wanted)), limit))
        body = {
            "allocation_requests": [
                {"allocations": {node.id: {"resources": dict.fromkeys(wanted, 1)}}, "mappings": {"": [node.id]}}
                for node in found
            ],
            "provider_summaries": {
                node.id: {
                    "resources": {name: {"capacity": 1, "used": 0} for name in inventory(node)},
                    "traits": node.traits,
                    "parent_provider_uuid": None,
                    "root_provider_uuid": node.id,
                }
                for node in found
            },
        }
        return answer(body)


def _is_provider(node: Node) -> bool:
    return node.resource_class is not None and node.provision_state not in HIDDEN


def _class_view(name: str) -> dict[str, Any]:
    return {"name": name, "links": [{"rel": "self", "href": f"/resource_classes/{name}"}]}


def _wanted_classes(text: str) -> dict[str, int]:
    try:
        pairs = (part.partition(":") for part in text.split(","))
        return {name: int(amount) for name, _, amount in pairs if amount != "0"}
    except ValueError as error:
        raise bad_request(f"Malformed resources parameter: {text}") from error


def _offers(node: Node, wanted: dict[str, int]) -> bool:
    have = inventory(node)
    return all(name in have and amount == 1 and have[name]["reserved"] == 0 for name, amount in wanted.items()) and (
        node.instance_uuid is None
    )
