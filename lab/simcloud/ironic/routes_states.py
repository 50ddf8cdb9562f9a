"""Routes of what a node does, and of what failed on it: power, provision state, history, maintenance, boot device."""

from typing import Any

from sanic import HTTPResponse, Request

from lab.simcloud.api.access import caller_of
from lab.simcloud.api.app import address_of, answer, body_of
from lab.simcloud.api.versions import Version, version_of
from lab.simcloud.errors import not_found
from lab.simcloud.ironic.conductor import Conductor, unfit
from lab.simcloud.ironic.nodes import Nodes
from lab.simcloud.ironic.policy import require_operator, require_user
from lab.simcloud.ironic.states import VERBS
from lab.simcloud.ironic.views import error_view, states_view

HISTORY: Version = (1, 78)


class StateRoutes:
    """Verbs."""

    def __init__(self, nodes: Nodes, conductor: Conductor) -> None:
        self._nodes = nodes
        self._conductor = conductor

    def table(self) -> list[Any]:
        """Method, path, handler."""
        return [
            ("GET", "/v1/nodes/<node>/states", self.show),
            ("GET", "/v1/nodes/<node>/history", self.history),
            ("PUT", "/v1/nodes/<node>/states/power", self.power),
            ("PUT", "/v1/nodes/<node>/states/provision", self.provision),
            ("PUT", "/v1/nodes/<node>/maintenance", self.enter_maintenance),
            ("DELETE", "/v1/nodes/<node>/maintenance", self.leave_maintenance),
            ("GET", "/v1/nodes/<node>/management/boot_device", self.boot_device),
            ("GET", "/v1/nodes/<node>/management/boot_device/supported", self.boot_devices),
        ]

    async def show(self, request: Request, node: str) -> HTTPResponse:
        """GET /v1/nodes/{id}/states"""
        return answer(states_view(self._nodes.find(node, caller_of(request))))

    async def history(self, request: Request, node: str) -> HTTPResponse:
        """GET /v1/nodes/{id}/history: what failed on it."""
        found = self._nodes.find(node, caller_of(request))
        if version_of(request) < HISTORY:
            raise not_found("Not Found")
        errors = self._nodes.errors.find(node_uuid=found.id)
        return answer({"history": [error_view(error, address_of(request)) for error in errors]})

    async def power(self, request: Request, node: str) -> HTTPResponse:
        """PUT /v1/nodes/{id}/states/power"""
        caller = caller_of(request)
        found = self._nodes.find(node, caller)
        require_user(caller, found, "baremetal:node:set_power_state")
        self._conductor.start_power(found, str(body_of(request).get("target")))
        return answer(None, 202, {"Location": f"{address_of(request)}/v1/nodes/{node}/states"})

    async def provision(self, request: Request, node: str) -> HTTPResponse:
        """PUT /v1/nodes/{id}/states/provision"""
        caller, body = caller_of(request), body_of(request)
        found = self._nodes.find(node, caller)
        require_operator(caller, found, "baremetal:node:set_provision_state")
        target = {"undeploy": "deleted", "deploy": "active"}.get(str(body.get("target")), str(body.get("target")))
        if target not in {verb for _, verb in VERBS}:
            raise unfit(found, target)
        self._conductor.start_verb(found, target, body.get("configdrive"))
        return answer(None, 202, {"Location": f"{address_of(request)}/v1/nodes/{node}/states"})

    async def enter_maintenance(self, request: Request, node: str) -> HTTPResponse:
        """PUT /v1/nodes/{id}/maintenance"""
        caller = caller_of(request)
        found = self._nodes.find(node, caller)
        require_operator(caller, found, "baremetal:node:set_maintenance")
        reason = body_of(request).get("reason") if request.body else None
        self._nodes.require_unlocked(found)
        self._nodes.change(found.id, maintenance=True, maintenance_reason=reason, fault=None)
        return answer(None, 202)

    async def leave_maintenance(self, request: Request, node: str) -> HTTPResponse:
        """DELETE /v1/nodes/{id}/maintenance"""
        caller = caller_of(request)
        found = self._nodes.find(node, caller)
        require_operator(caller, found, "baremetal:node:clear_maintenance")
        self._nodes.require_unlocked(found)
        self._nodes.change(found.id, maintenance=False, maintenance_reason=None, fault=None)
        return answer(None, 202)

    async def boot_device(self, request: Request, node: str) -> HTTPResponse:
        """GET /v1/nodes/{id}/management/boot_device"""
        found = self._nodes.find(node, caller_of(request))
        return answer({"boot_device": found.boot_device, "persistent": True})

    async def boot_devices(self, request: Request, node: str) -> HTTPResponse:
        """GET /v1/nodes/{id}/management/boot_device/supported"""
        self._nodes.find(node, caller_of(request))
        return answer({"supported_boot_devices": ["cdrom", "disk", "pxe"]})
