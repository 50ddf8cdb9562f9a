"""OS::Neutron::Net and Subnet."""

from typing import Any, ClassVar

from lab.simcloud.errors import ApiError
from lab.simcloud.heat.errors import ResourceFailure
from lab.simcloud.heat.resources.lookups import find_network
from lab.simcloud.heat.resources.neutron import planned_id, refused
from lab.simcloud.heat.resources.resource import Property, ResourceType, Work
from lab.simcloud.heat.resources.server import default_name
from lab.simcloud.neutron.records import Network
from lab.simcloud.neutron.views import show_network, show_subnet


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
