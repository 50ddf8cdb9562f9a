"""The template as it is kept: its machines get the names, marks and trust of the platform, and tell who they are."""

from collections.abc import Iterator
from typing import Any

from services.blueprint.domain.blueprint import GIVEN
from services.blueprint.domain.single.machines import Machines, floating_ip
from services.blueprint.domain.single.template import Template, calls, parameter_of, parameters_in, renamed
from services.blueprint.domain.single.user_data import beside
from services.blueprint.domain.template_shape import VERSIONS

SERVERS = "servers"
_LEAST_VERSION = "2017-09-01"
"""That knows every function which is put in here."""
_PARAMETERS = {
    "hosts": {"type": "json", "description": "Host names by role"},
    "image": {"type": "string", "description": "Name or id of the image that the machines boot"},
    "network": {"type": "string", "description": "Network of the cluster, from the outputs of shared.yaml"},
    "user_data": {"type": "string", "default": "", "description": "Cloud-config by which the machines trust"},
    "metadata": {"type": "json", "default": {}, "description": "Marks written on each server"},
}
_KINDS = {
    **dict.fromkeys(("config_drive",), "boolean"),
    **dict.fromkeys(("block_device_mapping", "block_device_mapping_v2", "deployment_swift_data", "metadata"), "json"),
    **dict.fromkeys(("networks", "personality", "scheduler_hints", "security_groups", "tags"), "json"),
}
"""Types of a server's properties as parameters of a nested template; all others are texts. A list goes by json."""
_NETWORK_KEYS = ("network", "network_id", "uuid")
_DISKS = ("block_device_mapping", "block_device_mapping_v2")


def whole_of(template: Template, machines: list[Machines], names: dict[str, str]) -> dict[str, Any]:
    """Return the template that makes all machines; ``names`` are new ones of its parameters, some the platform's."""
    given = template.document.value
    resources = dict(template.section("resources"))
    for one in machines:
        resources[one.resource] = _rewritten(given["resources"][one.resource], one)
    outputs = {own_output(name): output for name, output in template.section("outputs").items()}
    outputs[SERVERS] = {
        "description": "Name, Nova id and cluster address of each server",
        "value": _servers(template, machines),
    }
    below = renamed({"conditions": template.section("conditions"), "resources": resources, "outputs": outputs}, names)
    asked = {names.get(name, name): one for name, one in template.section("parameters").items()}
    used = parameters_in(below)
    version = str(given["heat_template_version"])
    return {
        "heat_template_version": version if VERSIONS[version] >= _LEAST_VERSION else _LEAST_VERSION,
        "description": str(given.get("description") or "Made from a template of one file"),
        "parameters": {**{name: one for name, one in asked.items() if name in used - GIVEN}, **_PARAMETERS},
        **({"conditions": below["conditions"]} if below["conditions"] else {}),
        "resources": below["resources"],
        "outputs": below["outputs"],
    }


def own_output(name: str) -> str:
    """Return how an output of the template is called beside the one that tells the servers."""
    return f"own_{SERVERS}" if name == SERVERS else name


def known_by_platform(template: Template, machines: list[Machines]) -> dict[str, str]:
    """Return the parameters that say what the platform knows, and by which name it gives it.

    These are image and first network of machines. A flavor keeps its name: it is fixed, and not given at all.
    """
    resources = template.section("resources")
    found: dict[str, str] = {}
    for one in machines:
        port = (resources.get(one.first_port) or {}).get("properties") or {} if one.first_port else one.first_network
        uses = [(one.server.get("image"), "image"), *((port.get(key), "network") for key in _NETWORK_KEYS)]
        found |= {name: given for value, given in uses if (name := parameter_of(value))}
        if flavor := parameter_of(one.server.get("flavor")):
            found.setdefault(flavor, flavor)
    return found


def nested_of(one: Machines, template: Template) -> dict[str, Any]:
    """Return the nested template that makes one machine of a group: what the group gives it, it takes as parameters."""
    given = _properties(one)
    taken = {key: {"type": _KINDS.get(key, "string")} for key in given}
    told = {name: {"value": {"get_attr": ["server", name]}} for name in sorted(_asked_of(one, template))}
    properties = {key: {"get_param": key} for key in given}
    name = {"get_param": ["hosts", {"get_param": "index"}]}
    address = {"get_attr": ["server", "first_address"]}
    return {
        "heat_template_version": _LEAST_VERSION,
        "description": f"One machine of the role {one.role}",
        "parameters": {"hosts": {"type": "comma_delimited_list"}, "index": {"type": "number"}, **taken},
        "resources": {"server": {"type": "OS::Nova::Server", "properties": {"name": name, **properties}}},
        "outputs": {
            **told,
            "server": {"value": _told("server", address)},
            "OS::stack_id": {"value": {"get_resource": "server"}},
        },
    }


def nested_name(one: Machines) -> str:
    """Return the file of a group's nested template."""
    return f"{one.role}-machine.yaml"


def _rewritten(resource: dict[str, Any], one: Machines) -> dict[str, Any]:
    if one.group is None:
        name = {"get_param": ["hosts", one.role, 0]}
        return {**resource, "properties": {"name": name, **_properties(one)}}
    index = one.group.get("index_var", "%index%")
    given = {"hosts": {"get_param": ["hosts", one.role]}, "index": index, **_properties(one)}
    return {**resource, "properties": {**one.group, "resource_def": {"type": nested_name(one), "properties": given}}}


def _properties(one: Machines) -> dict[str, Any]:
    """Return what a server is given beside its name."""
    theirs = {key: value for key, value in one.server.items() if key != "name" and value is not None}
    if not {"image", *_DISKS} & set(theirs):
        theirs["image"] = {"get_param": "image"}
    marks = {"get_param": "metadata"}
    return {
        **theirs,
        "flavor": one.flavor,
        "networks": theirs.get("networks") or [{"network": {"get_param": "network"}}],
        "user_data": beside(theirs.get("user_data")),
        "user_data_format": "RAW",
        "config_drive": True,
        "metadata": {"map_merge": [theirs["metadata"], marks]} if "metadata" in theirs else marks,
    }


def _servers(template: Template, machines: list[Machines]) -> Any:
    """Return the list of all servers: those of groups are lists already."""
    single = [_told(one.resource, _address(template, one)) for one in machines if one.group is None]
    groups = [{"get_attr": [one.resource, "server"]} for one in machines if one.group is not None]
    return {"list_concat": [single, *groups]} if groups else single


def _told(server: str, address: Any) -> dict[str, Any]:
    return {"name": {"get_attr": [server, "name"]}, "id": {"get_resource": server}, "address": address}


def _address(template: Template, one: Machines) -> Any:
    port = one.first_port
    public = floating_ip(template, port)
    if public:
        return {"get_attr": [public, "floating_ip_address"]}
    if port in template.section("resources"):
        return {"get_attr": [port, "fixed_ips", 0, "ip_address"]}
    return {"get_attr": [one.resource, "first_address"]}


def _asked_of(one: Machines, template: Template) -> Iterator[str]:
    """Yield the attributes of its servers that the template asks a group for."""
    for given in calls(template.document.value, "get_attr"):
        if not isinstance(given, list) or len(given) < 2 or given[0] != one.resource or not isinstance(given[1], str):
            continue
        name, path = given[1], given[2:]
        if name.startswith("resource."):
            name = name.split(".", 2)[2] if name.count(".") > 1 else (path or [None])[0]
        elif name == "attributes":
            name = (path or [None])[0]
        if isinstance(name, str) and name not in ("refs", "refs_map", "removed_rsrc_list", "server"):
            yield name
