"""Finds things by name or id for custom constraints and properties, in Heat's words when there is none."""

from collections.abc import Iterator
from typing import Any, TypeVar

from lab.simcloud.caller import Caller
from lab.simcloud.heat.resources.resource import Services
from lab.simcloud.neutron.records import Network, Port, SecurityGroup, Subnet
from lab.simcloud.nova.records import Flavor
from lab.simcloud.store import Record, Table

R = TypeVar("R", bound=Record)


def _named(table: Table[R], name_or_id: str, **more: Any) -> Iterator[R]:
    """The record of that id, then those of that name; the second search only if the first is not enough."""
    if (found := table.get(name_or_id)) is not None:
        yield found
    yield from table.find(name=name_or_id, **more)


def find_network(services: Services, caller: Caller, name_or_id: str) -> Network | None:
    """A network that the caller sees."""
    table = services.networks.networks
    return next((n for n in _named(table, name_or_id) if services.networks.visible(n, caller)), None)


def find_subnet(services: Services, caller: Caller, name_or_id: str) -> Subnet | None:
    """A subnet of a network that the caller sees."""
    table = services.networks.subnets
    for subnet in _named(table, name_or_id):
        if find_network(services, caller, subnet.network_id):
            return subnet
    return None


def find_port(services: Services, caller: Caller, name_or_id: str) -> Port | None:
    """A port of the caller's project."""
    table = services.networks.ports
    candidates = _named(table, name_or_id, project_id=caller.project_id)
    return next((port for port in candidates if port.project_id == caller.project_id), None)


def find_group(services: Services, caller: Caller, name_or_id: str) -> SecurityGroup | None:
    """A security group of the caller's project."""
    if name_or_id == "default" and caller.project_id:
        return services.networks.default_group(caller.project_id)
    table = services.networks.groups
    candidates = _named(table, name_or_id, project_id=caller.project_id)
    return next((group for group in candidates if group.project_id == caller.project_id), None)


def find_flavor(services: Services, name_or_id: str) -> Flavor | None:
    """A flavor."""
    return services.flavors.find(name_or_id)


class Lookups:
    """Custom constraints for one caller."""

    def __init__(self, services: Services, caller: Caller) -> None:
        self._services = services
        self._caller = caller

    def __call__(self, constraint: str, value: str) -> str | None:
        """Why the value breaks the constraint, or None. Constraints that we do not know hold."""
        services, caller = self._services, self._caller
        if constraint == "nova.flavor" and find_flavor(services, value) is None:
            return f"Error validating value '{value}': No Flavor matching {{'name': '{value}'}}. (HTTP 404)"
        if constraint == "glance.image" and services.images.find(value, caller) is None:
            return f"Error validating value '{value}': No images matching {{'name': '{value}'}}."
        if constraint == "nova.keypair" and services.keypairs.table.get(f"{caller.user_id}/{value}") is None:
            return f"Error validating value '{value}': The Key ({value}) could not be found."
        finders = {"neutron.network": find_network, "neutron.subnet": find_subnet, "neutron.port": find_port}
        finder = finders.get(constraint)
        if finder and finder(services, caller, value) is None:
            noun = constraint.removeprefix("neutron.")
            return f"Error validating value '{value}': Unable to find {noun} with name or id '{value}'"
        return None
