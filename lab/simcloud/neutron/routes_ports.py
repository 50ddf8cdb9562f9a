"""Routes of ports, and of tags on all of Neutron's nouns."""

from typing import Any

from sanic import HTTPResponse, Request

from lab.simcloud.api.access import caller_of
from lab.simcloud.api.app import address_of, answer, body_of
from lab.simcloud.caller import Caller
from lab.simcloud.clock import stamp
from lab.simcloud.errors import not_found
from lab.simcloud.neutron.lists import page, search
from lab.simcloud.neutron.networks import PORT_INDEXES, Networks
from lab.simcloud.neutron.records import Port
from lab.simcloud.neutron.routes_networks import denied, owner_for
from lab.simcloud.neutron.views import show_port

SETTABLE = {
    "name": "name",
    "description": "description",
    "admin_state_up": "admin_state_up",
    "mac_address": "mac_address",
    "device_id": "device_id",
    "device_owner": "device_owner",
    "security_groups": "security_groups",
    "allowed_address_pairs": "allowed_address_pairs",
    "port_security_enabled": "port_security_enabled",
    "dns_name": "dns_name",
    "binding:host_id": "host_id",
    "binding:vnic_type": "vnic_type",
    "binding:profile": "binding_profile",
    "tags": "tags",
}


class PortRoutes:
    """Ports and tags."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks

    def table(self) -> list[Any]:
        """Method, path, handler."""
        return [
            ("GET", "/v2.0/ports", self.index),
            ("POST", "/v2.0/ports", self.create),
            ("GET", "/v2.0/ports/<port_id>", self.show),
            ("PUT", "/v2.0/ports/<port_id>", self.update),
            ("DELETE", "/v2.0/ports/<port_id>", self.delete),
            ("PUT", "/v2.0/<kind>/<object_id>/tags", self.set_tags),
        ]

    def _port(self, caller: Caller, port_id: str) -> Port:
        port = self._networks.ports.get(port_id)
        if port is None or not (caller.is_admin or port.project_id == caller.project_id):
            raise not_found(f"Port {port_id} could not be found.", "PortNotFound")
        return port

    async def index(self, request: Request) -> HTTPResponse:
        """GET /v2.0/ports"""
        caller = caller_of(request)
        own: dict[str, Any] = {} if caller.is_admin else {"project_id": caller.project_id}
        found = self._networks.ports.each(**search(request, *PORT_INDEXES) | own)
        shown = (show_port(port, caller.is_admin) for port in found)
        return answer(page("ports", shown, request, address_of(request)))

    async def create(self, request: Request) -> HTTPResponse:
        """POST /v2.0/ports"""
        caller, body = caller_of(request), body_of(request, "port")
        project_id = owner_for(caller, body, "create_port")
        network = self._networks.networks.get(str(body.get("network_id")))
        if network is None or not self._networks.visible(network, caller):
            raise not_found(f"Network {body.get('network_id')} could not be found.", "NetworkNotFound")
        fields = {field: body[key] for key, field in SETTABLE.items() if body.get(key) is not None}
        fields.setdefault("security_groups", [self._networks.default_group(project_id).id])
        port = self._networks.create_port(project_id, network.id, body.get("fixed_ips") or [], **fields)
        return answer({"port": show_port(port, caller.is_admin)}, 201)

    async def show(self, request: Request, port_id: str) -> HTTPResponse:
        """GET /v2.0/ports/{id}"""
        caller = caller_of(request)
        return answer({"port": show_port(self._port(caller, port_id), caller.is_admin)})

    async def update(self, request: Request, port_id: str) -> HTTPResponse:
        """PUT /v2.0/ports/{id}"""
        caller, body = caller_of(request), body_of(request, "port")
        port = self._port(caller, port_id)
        for key, field in SETTABLE.items():
            if key in body:
                setattr(port, field, body[key])
        if "fixed_ips" in body:
            self._networks.move_port(port, body["fixed_ips"] or [])
        port.updated_at = stamp()
        self._networks.ports.save(port)
        return answer({"port": show_port(port, caller.is_admin)})

    async def delete(self, request: Request, port_id: str) -> HTTPResponse:
        """DELETE /v2.0/ports/{id}"""
        self._networks.remove_port(self._port(caller_of(request), port_id).id)
        return answer(None, 204)

    async def set_tags(self, request: Request, kind: str, object_id: str) -> HTTPResponse:
        """PUT /v2.0/{networks|subnets|ports|security-groups}/{id}/tags"""
        caller = caller_of(request)
        tables: dict[str, Any] = {
            "networks": self._networks.networks,
            "subnets": self._networks.subnets,
            "ports": self._networks.ports,
            "security-groups": self._networks.groups,
        }
        record = tables[kind].get(object_id) if kind in tables else None
        if record is None:
            raise not_found("The resource could not be found.", "TagResourceNotFound")
        if not (caller.is_admin or record.project_id == caller.project_id):
            raise denied("update_tags")
        record.tags = [str(tag) for tag in body_of(request).get("tags") or []]
        tables[kind].save(record)
        return answer({"tags": record.tags})
