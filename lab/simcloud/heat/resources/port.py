"""OS::Neutron::Port."""

from typing import Any, ClassVar

from lab.simcloud.errors import ApiError
from lab.simcloud.heat.errors import ResourceFailure
from lab.simcloud.heat.resources.lookups import find_group, find_network, find_subnet
from lab.simcloud.heat.resources.neutron import planned_id, refused
from lab.simcloud.heat.resources.resource import Property, ResourceType, Work
from lab.simcloud.heat.resources.server import default_name
from lab.simcloud.neutron.records import Port
from lab.simcloud.neutron.views import show_port, show_subnet


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
