"""OS::Neutron::Net, Subnet, Port, SecurityGroup and SecurityGroupRule."""

from typing import Any, ClassVar

from lab.simcloud.errors import ApiError
from lab.simcloud.heat.errors import ResourceFailure
from lab.simcloud.heat.resources.lookups import find_group, find_network, find_subnet
from lab.simcloud.heat.resources.resource import Property, ResourceType, Work
from lab.simcloud.heat.resources.server import default_name
from lab.simcloud.neutron.records import Network, Port
from lab.simcloud.neutron.views import show_group, show_network, show_port, show_rule, show_subnet
from lab.simcloud.store import new_id


def planned_id(work: Work) -> str:
    """The id of the thing, chosen and kept before it is made, so that a restart makes no second one."""
    if work.record.physical_id is None:
        work.record.physical_id = new_id()
        work.save()
    return work.record.physical_id


def refused(error: ApiError) -> ResourceFailure:
    """A refusal of Neutron as the failure of a resource."""
    return ResourceFailure(error.kind or "NeutronClientException", error.message)


class NeutronNet(ResourceType):
    """A network of the project."""

    name = "OS::Neutron::Net"
    properties: ClassVar = {
        "name": Property(updatable=True),
        "admin_state_up": Property("boolean", default=True, updatable=True),
        "port_security_enabled": Property("boolean", updatable=True),
        "shared": Property("boolean", default=False),
        "value_specs": Property("map"),
        "tags": Property("list", updatable=True),
        "dns_domain": Property(updatable=True),
    }
    attributes = ("name", "status", "subnets", "admin_state_up", "tenant_id", "mtu", "show")

    def _network(self, work: Work) -> Network | None:
        return work.services.networks.networks.get(work.record.physical_id or "")

    async def create(self, work: Work) -> None:
        """Makes the network."""
        network_id, given = planned_id(work), work.properties
        if self._network(work) is None:
            name = given.get("name") or default_name(work)
            work.services.networks.create_network(
                work.stack.project_id, id=network_id, name=name, tags=given.get("tags") or []
            )

    async def update(self, work: Work) -> None:
        """Name, state and tags change in place."""
        network = self._network(work)
        if network is None:
            raise ResourceFailure("NotFound", f"Network {work.record.physical_id} could not be found.")
        network.name = work.properties.get("name") or network.name
        network.admin_state_up = work.properties.get("admin_state_up", True)
        network.tags = list(work.properties.get("tags") or [])
        work.services.networks.networks.save(network)

    async def delete(self, work: Work) -> None:
        """Deletes the network."""
        if self._network(work):
            try:
                work.services.networks.remove_network(work.record.physical_id or "")
            except ApiError as error:
                raise refused(error) from error

    def attribute(self, work: Work, name: str) -> Any:
        """As Neutron shows it."""
        network = self._network(work)
        shown = show_network(work.services.networks, network, False) if network else {}
        return shown if name == "show" else shown.get(name)


class NeutronSubnet(ResourceType):
    """Addresses on a network."""

    name = "OS::Neutron::Subnet"
    properties: ClassVar = {
        "network": Property(constraint="neutron.network"),
        "network_id": Property(constraint="neutron.network"),
        "cidr": Property(required=True),
        "name": Property(updatable=True),
        "ip_version": Property("integer", default=4),
        "gateway_ip": Property(),
        "allocation_pools": Property("list"),
        "dns_nameservers": Property("list", default=[], updatable=True),
        "enable_dhcp": Property("boolean", default=True, updatable=True),
        "host_routes": Property("list", updatable=True),
        "tags": Property("list", updatable=True),
    }
    attributes = ("name", "network_id", "cidr", "gateway_ip", "allocation_pools", "dns_nameservers", "show")

    async def create(self, work: Work) -> None:
        """Makes the subnet."""
        subnet_id, given = planned_id(work), work.properties
        networks = work.services.networks
        if networks.subnets.get(subnet_id):
            return
        wanted = str(given.get("network") or given.get("network_id"))
        network = find_network(work.services, work.caller, wanted)
        fields: dict[str, Any] = {"id": subnet_id, "name": given.get("name") or default_name(work)}
        fields |= {k: given[k] for k in ("dns_nameservers", "enable_dhcp", "host_routes", "tags") if k in given}
        if "gateway_ip" in given:
            fields["gateway_ip"] = given["gateway_ip"] or None
        if given.get("allocation_pools"):
            fields["pools"] = [(pool["start"], pool["end"]) for pool in given["allocation_pools"]]
        try:
            networks.create_subnet(work.stack.project_id, network.id if network else wanted, given["cidr"], **fields)
        except ApiError as error:
            raise refused(error) from error

    async def update(self, work: Work) -> None:
        """Name, name servers and routes change in place."""
        subnet = work.services.networks.subnets.get(work.record.physical_id or "")
        if subnet is None:
            raise ResourceFailure("NotFound", f"Subnet {work.record.physical_id} could not be found.")
        for key in ("name", "dns_nameservers", "enable_dhcp", "host_routes", "tags"):
            if work.properties.get(key) is not None:
                setattr(subnet, key, work.properties[key])
        work.services.networks.subnets.save(subnet)

    async def delete(self, work: Work) -> None:
        """Deletes the subnet."""
        if work.services.networks.subnets.get(work.record.physical_id or ""):
            try:
                work.services.networks.remove_subnet(work.record.physical_id or "")
            except ApiError as error:
                raise refused(error) from error

    def attribute(self, work: Work, name: str) -> Any:
        """As Neutron shows it."""
        subnet = work.services.networks.subnets.get(work.record.physical_id or "")
        shown = show_subnet(subnet) if subnet else {}
        return shown if name == "show" else shown.get(name)


class NeutronPort(ResourceType):
    """A port on a network."""

    name = "OS::Neutron::Port"
    properties: ClassVar = {
        "network": Property(constraint="neutron.network"),
        "network_id": Property(constraint="neutron.network"),
        "name": Property(updatable=True),
        "fixed_ips": Property("list", updatable=True),
        "mac_address": Property(),
        "admin_state_up": Property("boolean", default=True, updatable=True),
        "security_groups": Property("list", updatable=True),
        "port_security_enabled": Property("boolean", updatable=True),
        "allowed_address_pairs": Property("list", updatable=True),
        "binding:vnic_type": Property(default="normal", updatable=True),
        "device_id": Property(updatable=True),
        "device_owner": Property(updatable=True),
        "dns_name": Property(updatable=True),
        "value_specs": Property("map", updatable=True),
        "tags": Property("list", updatable=True),
        "replacement_policy": Property(default="AUTO", updatable=True),
    }
    attributes = (
        "name",
        "fixed_ips",
        "mac_address",
        "network_id",
        "status",
        "device_id",
        "security_groups",
        "subnets",
        "tenant_id",
        "admin_state_up",
        "show",
    )

    def _port(self, work: Work) -> Port | None:
        return work.services.networks.ports.get(work.record.physical_id or "")

    async def create(self, work: Work) -> None:
        """Makes the port."""
        port_id, given = planned_id(work), work.properties
        if self._port(work):
            return
        wanted = str(given.get("network") or given.get("network_id") or "")
        network = find_network(work.services, work.caller, wanted)
        if network is None:
            raise ResourceFailure("NotFound", f"Unable to find network with name or id '{wanted}'")
        fields = {"id": port_id, "name": given.get("name") or default_name(work), **self._fields(work)}
        if given.get("mac_address"):
            fields["mac_address"] = given["mac_address"]
        try:
            work.services.networks.create_port(work.stack.project_id, network.id, self._addresses(work), **fields)
        except ApiError as error:
            raise refused(error) from error

    @staticmethod
    def _addresses(work: Work) -> list[dict[str, Any]]:
        asked = []
        for item in work.properties.get("fixed_ips") or []:
            wish = {"ip_address": item["ip_address"]} if item.get("ip_address") else {}
            name = item.get("subnet") or item.get("subnet_id")
            subnet = find_subnet(work.services, work.caller, str(name)) if name else None
            asked.append(wish | ({"subnet_id": subnet.id if subnet else name} if name else {}))
        return asked

    @staticmethod
    def _fields(work: Work) -> dict[str, Any]:
        given = work.properties
        names = given.get("security_groups")
        groups = [find_group(work.services, work.caller, str(name)) for name in (names or ["default"])]
        if None in groups:
            raise ResourceFailure("NotFound", f"Unable to find security_group with name or id in {names}")
        plain = ("admin_state_up", "port_security_enabled", "allowed_address_pairs", "device_id", "dns_name", "tags")
        fields: dict[str, Any] = {key: given[key] for key in plain if given.get(key) is not None}
        fields["vnic_type"] = given.get("binding:vnic_type", "normal")
        fields["security_groups"] = [] if names == [] else [group.id for group in groups if group]
        return fields

    async def update(self, work: Work) -> None:
        """All but network and MAC change in place."""
        port = self._port(work)
        if port is None:
            raise ResourceFailure("NotFound", f"Port {work.record.physical_id} could not be found.")
        port.name = work.properties.get("name") or port.name
        fields = self._fields(work)
        if work.properties.get("binding:vnic_type") == work.previous.get("binding:vnic_type"):
            fields.pop("vnic_type")
        for key, value in fields.items():
            setattr(port, key, value)
        if work.properties.get("fixed_ips") != work.previous.get("fixed_ips"):
            try:
                work.services.networks.move_port(port, self._addresses(work))
            except ApiError as error:
                raise refused(error) from error
        work.services.networks.ports.save(port)

    async def delete(self, work: Work) -> None:
        """Deletes the port."""
        if work.record.physical_id:
            work.services.networks.remove_port(work.record.physical_id)

    def attribute(self, work: Work, name: str) -> Any:
        """As Neutron shows it."""
        port = self._port(work)
        if port is None:
            return None
        if name == "subnets":
            found = [work.services.networks.subnets.get(fixed["subnet_id"]) for fixed in port.fixed_ips]
            return [show_subnet(subnet) for subnet in found if subnet]
        shown = show_port(port, False)
        return shown if name == "show" else shown.get(name)


class NeutronSecurityGroup(ResourceType):
    """A security group with its rules. It is kept and shown; nothing enforces it."""

    name = "OS::Neutron::SecurityGroup"
    properties: ClassVar = {
        "name": Property(updatable=True),
        "description": Property(updatable=True),
        "rules": Property("list", default=[], updatable=True),
    }
    attributes = ("show",)

    async def create(self, work: Work) -> None:
        """Makes the group and its rules."""
        group_id, networks = planned_id(work), work.services.networks
        if networks.groups.get(group_id) is None:
            name = work.properties.get("name") or default_name(work)
            description = work.properties.get("description") or ""
            networks.create_group(work.stack.project_id, id=group_id, name=name, description=description)
            self._add_rules(work, group_id)

    @staticmethod
    def _add_rules(work: Work, group_id: str) -> None:
        keys = ("direction", "ethertype", "protocol", "port_range_min", "port_range_max", "remote_ip_prefix")
        for rule in work.properties.get("rules") or []:
            fields = {key: rule[key] for key in keys if rule.get(key) is not None}
            work.services.networks.create_rule(work.stack.project_id, security_group_id=group_id, **fields)

    async def update(self, work: Work) -> None:
        """Name, description and rules change in place."""
        networks, group_id = work.services.networks, str(work.record.physical_id)
        group = networks.groups.get(group_id)
        if group is None:
            raise ResourceFailure("NotFound", f"Security group {group_id} does not exist")
        group.name = work.properties.get("name") or group.name
        group.description = work.properties.get("description") or ""
        networks.groups.save(group)
        for rule in networks.rules.find(security_group_id=group_id):
            if rule.direction == "ingress":
                networks.rules.remove(rule.id)
        self._add_rules(work, group_id)

    async def delete(self, work: Work) -> None:
        """Deletes the group."""
        group = work.services.networks.groups.get(work.record.physical_id or "")
        if group:
            try:
                work.services.networks.remove_group(group)
            except ApiError as error:
                raise refused(error) from error

    def attribute(self, work: Work, name: str) -> Any:
        """As Neutron shows it."""
        group = work.services.networks.groups.get(work.record.physical_id or "")
        return show_group(work.services.networks, group) if group else None


class NeutronSecurityGroupRule(ResourceType):
    """One rule of a security group."""

    name = "OS::Neutron::SecurityGroupRule"
    properties: ClassVar = {
        "security_group": Property(required=True),
        "direction": Property(default="ingress", allowed=("ingress", "egress")),
        "ethertype": Property(default="IPv4", allowed=("IPv4", "IPv6")),
        "protocol": Property(),
        "port_range_min": Property("integer"),
        "port_range_max": Property("integer"),
        "remote_ip_prefix": Property(),
        "description": Property(),
    }
    attributes = ("show",)

    async def create(self, work: Work) -> None:
        """Adds the rule."""
        rule_id, given = planned_id(work), dict(work.properties)
        if work.services.networks.rules.get(rule_id):
            return
        name = str(given.pop("security_group"))
        group = find_group(work.services, work.caller, name)
        if group is None:
            raise ResourceFailure("NotFound", f"Unable to find security_group with name or id '{name}'")
        work.services.networks.create_rule(work.stack.project_id, id=rule_id, security_group_id=group.id, **given)

    async def delete(self, work: Work) -> None:
        """Removes the rule."""
        work.services.networks.rules.remove(work.record.physical_id or "")

    def attribute(self, work: Work, name: str) -> Any:
        """As Neutron shows it."""
        rule = work.services.networks.rules.get(work.record.physical_id or "")
        return show_rule(rule) if rule else None
