"""Networks, subnets and ports, and the addresses on them."""

import secrets
import sqlite3
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from lab.simcloud.caller import Caller
from lab.simcloud.clock import stamp
from lab.simcloud.errors import bad_request, conflict, not_found
from lab.simcloud.neutron.addresses import Addresses
from lab.simcloud.neutron.records import Network, Port, SecurityGroup, SecurityGroupRule, Subnet
from lab.simcloud.store import Table, new_id, transaction

PORT_INDEXES = ("name", "project_id", "network_id", "device_id", "device_owner", "mac_address", "status")


class Networks:
    """All of Neutron but its routes."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self.networks = Table(database, "networks", Network, ("name", "project_id", "shared"))
        self.subnets = Table(database, "subnets", Subnet, ("name", "project_id", "network_id"))
        self.ports = Table(database, "ports", Port, PORT_INDEXES, ("project_id", "name"))
        self.addresses = Addresses(database)
        self.groups = Table(database, "security_groups", SecurityGroup, ("name", "project_id"))
        self.rules = Table(database, "security_group_rules", SecurityGroupRule, ("security_group_id", "project_id"))

    def visible(self, network: Network, caller: Caller) -> bool:
        """Own, shared, or all for an administrator."""
        return caller.is_admin or network.shared or network.project_id == caller.project_id

    def create_network(self, project_id: str, **fields: Any) -> Network:
        """Makes a network; tenants' networks are of type `local`."""
        moment = stamp()
        defaults: dict[str, Any] = {"id": new_id(), "name": "", "created_at": moment, "updated_at": moment}
        return self.networks.add(Network(**(defaults | fields | {"project_id": project_id})))

    def create_subnet(self, project_id: str, network_id: str, cidr: str, **fields: Any) -> Subnet:
        """Makes a subnet; without pools all addresses but the gateway's are given out.

        Raises 400 for a bad or overlapping CIDR and 404 for an unknown network.
        """
        if self.networks.get(network_id) is None:
            raise not_found(f"Network {network_id} could not be found.", "NetworkNotFound")
        try:
            net = IPv4Network(cidr)
        except ValueError as error:
            raise bad_request(
                f"Invalid input for cidr. Reason: '{cidr}' is not a valid IP subnet.", "HTTPBadRequest"
            ) from error
        for other in self.subnets.find(network_id=network_id):
            if net.overlaps(IPv4Network(other.cidr)):
                raise bad_request(
                    f"Invalid input for operation: Requested subnet with cidr: {cidr} for network: {network_id} "
                    f"overlaps with another subnet.",
                    "InvalidInput",
                )
        gateway = fields.pop("gateway_ip", "first")
        gateway = str(net[1]) if gateway == "first" else gateway
        pools = fields.pop("pools", None) or _free_pools(net, gateway)
        moment = stamp()
        defaults: dict[str, Any] = {"id": new_id(), "name": "", "created_at": moment, "updated_at": moment}
        ids = {"project_id": project_id, "network_id": network_id, "cidr": str(net)}
        return self.subnets.add(Subnet(**(defaults | fields | ids), gateway_ip=gateway, pools=pools))

    def create_port(self, project_id: str, network_id: str, asked: list[dict[str, Any]], **fields: Any) -> Port:
        """Makes a port. asked: wanted `subnet_id` and/or `ip_address`; empty: an address of the first subnet.

        Raises 409 if an address is taken or none is left, 400 if it lies outside, 404 without the network.
        """
        if self.networks.get(network_id) is None:
            raise not_found(f"Network {network_id} could not be found.", "NetworkNotFound")
        port_id = str(fields.pop("id", None) or new_id())
        moment = stamp()
        with transaction(self._database), self.addresses.taking():
            fixed = self._allocate(port_id, network_id, asked)
            defaults: dict[str, Any] = {"name": "", "mac_address": _random_mac()}
            defaults |= {"created_at": moment, "updated_at": moment}
            ids = {"id": port_id, "project_id": project_id, "network_id": network_id, "fixed_ips": fixed}
            return self.ports.add(Port(**(defaults | fields | ids)))

    def move_port(self, port: Port, asked: list[dict[str, Any]]) -> None:
        """Gives the port other addresses; errors as for a new one, which then leave it as it was."""
        with transaction(self._database), self.addresses.taking():
            self.addresses.free(port.id)
            port.fixed_ips = self._allocate(port.id, port.network_id, asked)
            self.ports.save(port)

    def _allocate(self, port_id: str, network_id: str, asked: list[dict[str, Any]]) -> list[dict[str, str]]:
        subnets = self.subnets.find(network_id=network_id)
        wanted = asked or ([{}] if subnets else [])
        return [self._allocate_one(port_id, network_id, subnets, wish) for wish in wanted]

    def _allocate_one(
        self, port_id: str, network_id: str, subnets: list[Subnet], wish: dict[str, Any]
    ) -> dict[str, str]:
        subnet = _chosen_subnet(subnets, network_id, wish)
        address = str(wish["ip_address"]) if wish.get("ip_address") else self.addresses.lowest_free(subnet)
        self.addresses.take(subnet.id, address, port_id)
        return {"subnet_id": subnet.id, "ip_address": address}

    def remove_port(self, port_id: str) -> None:
        """Deletes a port and frees its addresses."""
        self.addresses.free(port_id)
        self.ports.remove(port_id)

    def remove_subnet(self, subnet_id: str) -> None:
        """Deletes a subnet; 409 while a port has an address of it."""
        if self.addresses.in_use(subnet_id):
            raise conflict(
                f"Unable to complete operation on subnet {subnet_id}: One or more ports have an IP allocation "
                "from this subnet.",
                "SubnetInUse",
            )
        self.subnets.remove(subnet_id)

    def remove_network(self, network_id: str) -> None:
        """Deletes a network and its subnets; 409 while it has ports."""
        if ports := self.ports.find(network_id=network_id):
            raise conflict(
                f"Unable to complete operation on network {network_id}. There are one or more ports still in use on "
                f"the network, id for these ports is: {','.join(port.id for port in ports)}.",
                "NetworkInUse",
            )
        self.subnets.remove_where(network_id=network_id)
        self.networks.remove(network_id)

    def default_group(self, project_id: str) -> SecurityGroup:
        """The project's default security group, made when first asked for."""
        found = self.groups.first(project_id=project_id, name="default")
        return found or self.create_group(project_id, name="default", description="Default security group")

    def create_group(self, project_id: str, **fields: Any) -> SecurityGroup:
        """Makes a group, with rules that let all traffic out."""
        moment = stamp()
        fields = {"id": new_id(), "name": "", "created_at": moment, "updated_at": moment} | fields
        group = self.groups.add(SecurityGroup(project_id=project_id, **fields))
        for ethertype in ("IPv4", "IPv6"):
            self.create_rule(project_id, security_group_id=group.id, direction="egress", ethertype=ethertype)
        return group

    def create_rule(self, project_id: str, **fields: Any) -> SecurityGroupRule:
        """Adds a rule to a group."""
        moment = stamp()
        fields = {"id": new_id(), "created_at": moment, "updated_at": moment} | fields
        return self.rules.add(SecurityGroupRule(project_id=project_id, **fields))

    def remove_group(self, group: SecurityGroup) -> None:
        """Deletes a group and its rules; 409 while a port uses it."""
        if self.ports.first(project_id=group.project_id, containing=[group.id]):
            raise conflict(f"Security Group {group.id} in use.", "SecurityGroupInUse")
        self.rules.remove_where(security_group_id=group.id)
        self.groups.remove(group.id)


def _free_pools(net: IPv4Network, gateway: str | None) -> list[tuple[str, str]]:
    first, last = int(net.network_address) + 1, int(net.broadcast_address) - 1
    if gateway is None:
        return [(str(IPv4Address(first)), str(IPv4Address(last)))]
    middle = int(IPv4Address(gateway))
    ranges = [(first, middle - 1), (middle + 1, last)]
    return [(str(IPv4Address(a)), str(IPv4Address(b))) for a, b in ranges if a <= b]


def _chosen_subnet(subnets: list[Subnet], network_id: str, wish: dict[str, Any]) -> Subnet:
    for subnet in subnets:
        if wish.get("subnet_id") not in (None, subnet.id):
            continue
        if not wish.get("ip_address") or _inside(str(wish["ip_address"]), subnet):
            return subnet
    if wish.get("ip_address"):
        raise bad_request(
            f"IP address {wish['ip_address']} is not a valid IP for any of the subnets on the specified network.",
            "InvalidIpForNetwork",
        )
    raise bad_request(
        f"Failed to create port on network {network_id}, because fixed_ips included invalid subnet "
        f"{wish.get('subnet_id')}.",
        "InvalidInput",
    )


def _inside(address: str, subnet: Subnet) -> bool:
    try:
        return IPv4Address(address) in IPv4Network(subnet.cidr)
    except ValueError as error:
        raise bad_request(
            f"Invalid input for fixed_ips. Reason: '{address}' is not a valid IP address.", "HTTPBadRequest"
        ) from error


def _random_mac() -> str:
    tail = secrets.token_bytes(3)
    return "fa:16:3e:" + ":".join(f"{byte:02x}" for byte in tail)
