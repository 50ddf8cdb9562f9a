"""Routes of networks and subnets."""

from typing import Any

from sanic import HTTPResponse, Request

from lab.simcloud.api.access import caller_of
from lab.simcloud.api.app import address_of, answer, body_of
from lab.simcloud.caller import Caller
from lab.simcloud.clock import stamp
from lab.simcloud.errors import ApiError, bad_request, forbidden, not_found
from lab.simcloud.neutron.lists import page, search
from lab.simcloud.neutron.networks import Networks
from lab.simcloud.neutron.records import Network, Subnet
from lab.simcloud.neutron.views import show_network, show_subnet

PROVIDER = {
    "provider:network_type": "network_type",
    "provider:physical_network": "physical_network",
    "provider:segmentation_id": "segmentation_id",
    "router:external": "external",
    "shared": "shared",
}
NETWORK_FIELDS = ("name", "description", "admin_state_up", "mtu", "port_security_enabled")
SUBNET_FIELDS = ("name", "description", "enable_dhcp", "dns_nameservers", "host_routes")


def denied(rule: str) -> ApiError:
    """Neutron's 403 for one of its rules."""
    return forbidden(f"rule:{rule} is disallowed by policy", "PolicyNotAuthorized")


def owner_for(caller: Caller, body: dict[str, Any], rule: str) -> str:
    """The project that a new object is for: the caller's, or for administrators the one named in the body."""
    asked = body.get("project_id") or body.get("tenant_id")
    if asked and asked != caller.project_id and not caller.is_admin:
        raise denied(rule)
    project = asked or caller.project_id
    if project is None:
        raise denied(rule)
    return str(project)


class NetworkRoutes:
    """Networks and subnets."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks

    def table(self) -> list[Any]:
        """Method, path, handler."""
        return [
            ("GET", "/v2.0/networks", self.list_networks),
            ("POST", "/v2.0/networks", self.create_network),
            ("GET", "/v2.0/networks/<network_id>", self.show_network),
            ("PUT", "/v2.0/networks/<network_id>", self.update_network),
            ("DELETE", "/v2.0/networks/<network_id>", self.delete_network),
            ("GET", "/v2.0/subnets", self.list_subnets),
            ("POST", "/v2.0/subnets", self.create_subnet),
            ("GET", "/v2.0/subnets/<subnet_id>", self.show_subnet),
            ("PUT", "/v2.0/subnets/<subnet_id>", self.update_subnet),
            ("DELETE", "/v2.0/subnets/<subnet_id>", self.delete_subnet),
        ]

    def _network(self, caller: Caller, network_id: str, change: str = "") -> Network:
        network = self._networks.networks.get(network_id)
        if network is None or not self._networks.visible(network, caller):
            raise not_found(f"Network {network_id} could not be found.", "NetworkNotFound")
        if change and network.project_id != caller.project_id and not caller.is_admin:
            raise denied(change)
        return network

    def _subnet(self, caller: Caller, subnet_id: str, change: str = "") -> Subnet:
        subnet = self._networks.subnets.get(subnet_id)
        network = self._networks.networks.get(subnet.network_id) if subnet else None
        if subnet is None or network is None or not self._networks.visible(network, caller):
            raise not_found(f"Subnet {subnet_id} could not be found.", "SubnetNotFound")
        if change and subnet.project_id != caller.project_id and not caller.is_admin:
            raise denied(change)
        return subnet

    def _sees(self, caller: Caller, network_id: str) -> bool:
        network = self._networks.networks.get(network_id)
        return network is not None and self._networks.visible(network, caller)

    async def list_networks(self, request: Request) -> HTTPResponse:
        """GET /v2.0/networks"""
        caller = caller_of(request)
        found = self._networks.networks.each(**search(request, "name", "project_id"))
        visible = (network for network in found if self._networks.visible(network, caller))
        shown = (show_network(self._networks, network, caller.is_admin) for network in visible)
        return answer(page("networks", shown, request, address_of(request)))

    async def create_network(self, request: Request) -> HTTPResponse:
        """POST /v2.0/networks"""
        caller, body = caller_of(request), body_of(request, "network")
        fields = {key: body[key] for key in NETWORK_FIELDS if key in body}
        special = {field: body[key] for key, field in PROVIDER.items() if body.get(key)}
        if special and not caller.is_admin:
            raise denied("create_network")
        project_id = owner_for(caller, body, "create_network")
        network = self._networks.create_network(project_id, **fields, **special)
        return answer({"network": show_network(self._networks, network, caller.is_admin)}, 201)

    async def show_network(self, request: Request, network_id: str) -> HTTPResponse:
        """GET /v2.0/networks/{id}"""
        caller = caller_of(request)
        network = self._network(caller, network_id)
        return answer({"network": show_network(self._networks, network, caller.is_admin)})

    async def update_network(self, request: Request, network_id: str) -> HTTPResponse:
        """PUT /v2.0/networks/{id}"""
        caller, body = caller_of(request), body_of(request, "network")
        network = self._network(caller, network_id, "update_network")
        for key in NETWORK_FIELDS:
            if key in body:
                setattr(network, key, body[key])
        if "shared" in body and caller.is_admin:
            network.shared = bool(body["shared"])
        network.updated_at = stamp()
        self._networks.networks.save(network)
        return answer({"network": show_network(self._networks, network, caller.is_admin)})

    async def delete_network(self, request: Request, network_id: str) -> HTTPResponse:
        """DELETE /v2.0/networks/{id}"""
        network = self._network(caller_of(request), network_id, "delete_network")
        self._networks.remove_network(network.id)
        return answer(None, 204)

    async def list_subnets(self, request: Request) -> HTTPResponse:
        """GET /v2.0/subnets"""
        caller = caller_of(request)
        found = self._networks.subnets.each(**search(request, "name", "project_id", "network_id"))
        shown = (show_subnet(subnet) for subnet in found if self._sees(caller, subnet.network_id))
        return answer(page("subnets", shown, request, address_of(request)))

    async def create_subnet(self, request: Request) -> HTTPResponse:
        """POST /v2.0/subnets (IPv4 only)"""
        caller, body = caller_of(request), body_of(request, "subnet")
        if int(body.get("ip_version") or 4) != 4:
            raise bad_request("Invalid input for ip_version. Reason: only IPv4 is emulated.", "InvalidInput")
        network = self._network(caller, str(body.get("network_id")), "create_subnet")
        fields = {key: body[key] for key in SUBNET_FIELDS if key in body}
        if "gateway_ip" in body:
            fields["gateway_ip"] = body["gateway_ip"]
        if body.get("allocation_pools"):
            fields["pools"] = [(pool["start"], pool["end"]) for pool in body["allocation_pools"]]
        project_id = owner_for(caller, body, "create_subnet")
        subnet = self._networks.create_subnet(project_id, network.id, str(body.get("cidr")), **fields)
        return answer({"subnet": show_subnet(subnet)}, 201)

    async def show_subnet(self, request: Request, subnet_id: str) -> HTTPResponse:
        """GET /v2.0/subnets/{id}"""
        return answer({"subnet": show_subnet(self._subnet(caller_of(request), subnet_id))})

    async def update_subnet(self, request: Request, subnet_id: str) -> HTTPResponse:
        """PUT /v2.0/subnets/{id}"""
        body = body_of(request, "subnet")
        subnet = self._subnet(caller_of(request), subnet_id, "update_subnet")
        for key in (*SUBNET_FIELDS, "gateway_ip"):
            if key in body:
                setattr(subnet, key, body[key])
        subnet.updated_at = stamp()
        self._networks.subnets.save(subnet)
        return answer({"subnet": show_subnet(subnet)})

    async def delete_subnet(self, request: Request, subnet_id: str) -> HTTPResponse:
        """DELETE /v2.0/subnets/{id}"""
        self._networks.remove_subnet(self._subnet(caller_of(request), subnet_id, "delete_subnet").id)
        return answer(None, 204)
