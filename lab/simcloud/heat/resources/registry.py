"""All resource types that this Heat knows."""

from functools import lru_cache
from typing import Any

from lab.simcloud.heat.errors import invalid
from lab.simcloud.heat.resources.nested import HeatResourceGroup, ProviderTemplate
from lab.simcloud.heat.resources.network import NeutronNet, NeutronSubnet
from lab.simcloud.heat.resources.port import NeutronPort
from lab.simcloud.heat.resources.resource import Property, ResourceType
from lab.simcloud.heat.resources.security_group import NeutronSecurityGroup, NeutronSecurityGroupRule
from lab.simcloud.heat.resources.server import NovaKeyPair, NovaServer
from lab.simcloud.heat.resources.values import HeatNone, HeatRandomString, HeatValue
from lab.simcloud.heat.template import load_yaml, parse_template

BUILT_IN: dict[str, ResourceType] = {
    kind.name: kind
    for kind in (
        NovaServer(),
        NovaKeyPair(),
        NeutronNet(),
        NeutronSubnet(),
        NeutronPort(),
        NeutronSecurityGroup(),
        NeutronSecurityGroupRule(),
        HeatResourceGroup(),
        HeatNone(),
        HeatValue(),
        HeatRandomString(),
    )
}


def is_file(type_name: str) -> bool:
    """Whether a type is a provider template."""
    return type_name.endswith((".yaml", ".template", ".yml"))


def resource_type(name: str, files: dict[str, str], registry: dict[str, str]) -> ResourceType:
    """The type of that name; 400 if there is none.

    registry: the environment's `resource_registry`, which may map a type to another or to a file.
    """
    seen = set()
    while name in registry and name not in seen:
        seen.add(name)
        name = registry[name]
    if name in BUILT_IN:
        return BUILT_IN[name]
    if name in files or is_file(name):
        return _provider(name, files)
    raise invalid(f"The Resource Type ({name}) could not be found.")


def _provider(name: str, files: dict[str, str]) -> ProviderTemplate:
    text = files.get(name)
    if text is None:
        raise invalid(f"Could not fetch remote template '{name}': it is not among the files of the request")
    return _parsed_provider(name, text)


@lru_cache(maxsize=256)
def _parsed_provider(name: str, text: str) -> ProviderTemplate:
    raw: Any = load_yaml(text)
    return ProviderTemplate(name, raw, parse_template(raw).parameters)


def schema_of(kind: ResourceType) -> dict[str, Property]:
    """The properties of a type."""
    return kind.schema() if isinstance(kind, ProviderTemplate) else dict(kind.properties)
