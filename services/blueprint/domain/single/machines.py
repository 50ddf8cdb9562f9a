"""The machines that a template makes: each server is a role of one, each group of servers a role of several."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from itertools import count as numbers_from
from typing import Any

from services.blueprint.domain.single.asked import bounds
from services.blueprint.domain.single.template import Template, parameter_of, resource_of
from services.contracts.blueprint import Finding

SERVER, GROUP, PORT, NET = "OS::Nova::Server", "OS::Heat::ResourceGroup", "OS::Neutron::Port", "OS::Neutron::Net"
MOST_ROLES = 32
_RESERVED = ("all", "cluster", "shared", "ungrouped", "whole")
_MOST_NAME_CHARACTERS = 30
_GIVEN_BY_HEAT = ("RAW", "HEAT_CFNTOOLS")


@dataclass(frozen=True)
class Machines:
    """The machines of one role.

    ``resource`` names what makes them, ``place`` is where the server is defined (a JSON pointer), ``server`` what it is
    given. ``count`` is a number or the parameter that says so; ``group`` what a group of them is given.
    """

    resource: str
    role: str
    place: str
    server: dict[str, Any]
    flavor: str
    count: int | str = 1
    limits: tuple[int, int | None] = (1, 1)
    group: dict[str, Any] | None = field(default=None)

    @property
    def first_network(self) -> dict[str, Any]:
        """What the server says of its first network; nothing if the cloud chooses it."""
        networks = self.server.get("networks")
        first = networks[0] if isinstance(networks, list) and networks else {}
        return first if isinstance(first, dict) else {}

    @property
    def first_port(self) -> str | None:
        """The template's port that the server is reached by, if it has one."""
        return resource_of(self.first_network.get("port"))


def machines_of(template: Template) -> tuple[list[Machines], list[Finding]]:
    """Return the machines by role, and what keeps the platform from running them as its own."""
    found: list[Machines] = []
    findings: list[Finding] = []
    taken: set[str] = set()
    for name, resource in template.section("resources").items():
        kind, properties = resource["type"], resource.get("properties") or {}
        definition = properties.get("resource_def") if kind == GROUP else resource
        if not isinstance(definition, dict) or not _makes_machines(definition):
            continue
        place = f"/resources/{name}" + ("/properties/resource_def" if kind == GROUP else "")
        findings += _group_findings(template, name, resource, definition) if kind == GROUP else []
        if "condition" in resource or "external_id" in resource:
            hint = "Leave it out; a group whose count is a parameter can have no machine at all."
            findings.append(template.finding(f"/resources/{name}", f"A plan can't tell whether {name} is made.", hint))
        if definition["type"] != SERVER:
            continue
        server = definition.get("properties") or {}
        findings += _server_findings(template, name, place, server)
        if isinstance(server, dict):
            role = _role(name, taken)
            taken.add(role)
            found.append(_machines(template, name, role, place, server, properties if kind == GROUP else None))
    return found, [*findings, *_total_findings(template, found)]


def _makes_machines(definition: dict[str, Any]) -> bool:
    """Tell whether a resource is a server, or a group of them at any depth."""
    inner = definition.get("properties")
    member = inner.get("resource_def") if definition.get("type") == GROUP and isinstance(inner, dict) else None
    return definition.get("type") == SERVER or (isinstance(member, dict) and _makes_machines(member))


def _machines(
    template: Template, name: str, role: str, place: str, server: dict[str, Any], group: dict[str, Any] | None
) -> Machines:
    flavor = _flavor(template, server.get("flavor")) or ""
    if group is None:
        return Machines(name, role, place, server, flavor)
    asked = parameter_of(group.get("count"))
    if asked is not None:
        limits = bounds(template.section("parameters").get(asked) or {})
        return Machines(name, role, place, server, flavor, asked, limits, group)
    count = group.get("count", 1)
    number = count if isinstance(count, int) else 1
    return Machines(name, role, place, server, flavor, number, (min(number, 1), max(number, 1)), group)


def _flavor(template: Template, given: Any) -> str | None:
    """Return the flavor that a server has in every plan: the one that is written, or the default of its parameter."""
    asked = template.section("parameters").get(parameter_of(given) or "")
    chosen = asked.get("default") if asked else given
    return chosen if isinstance(chosen, str) and chosen else None


def _group_findings(
    template: Template, name: str, resource: dict[str, Any], definition: dict[str, Any]
) -> Iterator[Finding]:
    properties, place = resource["properties"], f"/resources/{name}/properties"
    if definition["type"] == GROUP:
        hint = "Make each role's machines by one group of OS::Nova::Server."
        yield template.finding(f"{place}/resource_def", f"The machines of {name} are in groups within groups.", hint)
    count = properties.get("count", 1)
    asked = template.section("parameters").get(parameter_of(count) or "")
    number = isinstance(count, int) and not isinstance(count, bool) and count >= 0
    if not number and (asked is None or asked["type"] != "number"):
        hint = "Its count is a number, or get_param of a parameter of type number."
        yield template.finding(f"{place}/count", f"A plan can't tell how many machines {name} makes.", hint)
    if not isinstance(properties.get("index_var", "%index%"), str):
        yield template.finding(f"{place}/index_var", f"The index_var of {name} is no text.")


def _server_findings(template: Template, name: str, place: str, server: Any) -> Iterator[Finding]:
    if not isinstance(server, dict):
        yield template.finding(place, f"The properties of {name} are no mapping by name.")
        return
    here = f"{place}/properties"
    if _flavor(template, server.get("flavor")) is None:
        hint = "Write the name of a flavor, or give the parameter that says it one as its default."
        yield template.finding(f"{here}/flavor", f"A plan can't tell which flavor {name} has.", hint)
    form = server.get("user_data_format", "RAW")
    if form not in _GIVEN_BY_HEAT:
        hint = "Put what configures it into an element, and leave user_data_format out."
        yield template.finding(f"{here}/user_data_format", f"The user_data_format of {name} is not taken.", hint)
    networks = server.get("networks") or []
    if not isinstance(networks, list) or not all(isinstance(one, dict) for one in networks):
        hint = "Write them as a list, the one by which the platform reaches it first."
        yield template.finding(f"{here}/networks", f"It can't be told which networks {name} has.", hint)
    yield from _reach_findings(template, name, here, server)


def _reach_findings(template: Template, name: str, here: str, server: dict[str, Any]) -> Iterator[Finding]:
    """Tell of a machine that nothing outside the template's own network could reach."""
    machine = Machines(name, name, here, server, "")
    resources = template.section("resources")
    first, port = machine.first_network, machine.first_port
    given = (resources.get(port) or {}).get("properties") or {} if port else first
    network = given.get("network") or given.get("network_id") or given.get("uuid") if isinstance(given, dict) else None
    own = resources.get(resource_of(network) or "")
    if own and own["type"] == NET and not floating_ip(template, port):
        hint = "Put it on a network of the cloud's first, or give its port a floating IP."
        message = f"The platform can't reach {name}: its first network is one that the template makes."
        yield template.finding(f"{here}/networks", message, hint)


def floating_ip(template: Template, port: str | None) -> str | None:
    """Return the template's floating IP of a port."""
    for name, resource in template.section("resources").items():
        properties = resource.get("properties") or {}
        if port is None or resource_of(properties.get("port_id")) != port:
            continue
        if resource["type"] == "OS::Neutron::FloatingIP":
            return str(name)
        if resource["type"] == "OS::Neutron::FloatingIPAssociation":
            return resource_of(properties.get("floatingip_id"))
    return None


def _total_findings(template: Template, found: list[Machines]) -> Iterator[Finding]:
    if len(found) > MOST_ROLES:
        message = f"The template has {len(found)} servers; each is a role, and a blueprint has at most {MOST_ROLES}."
        yield template.finding("/resources", message, "Make those that are alike by an OS::Heat::ResourceGroup.")
    if not found and not any(_makes_machines(one) for one in template.section("resources").values()):
        yield template.finding("/resources", "The template makes no machine.", f"Machines are made by {SERVER}.")


def _role(resource: str, taken: set[str]) -> str:
    """Return the name of a role after a resource's: letters, digits and hyphens, and none that is there already."""
    plain = re.sub(r"[^a-z0-9]+", "-", resource.lower()).strip("-")[:_MOST_NAME_CHARACTERS].strip("-")
    plain = plain if plain and plain[0].isalpha() else f"machine-{plain}".strip("-")
    plain = f"{plain}-machines" if plain in _RESERVED else plain
    return next(name for name in chain([plain], (f"{plain}-{n}" for n in numbers_from(2))) if name not in taken)
