"""HOT from others: only resource types on the list, nothing fetched from elsewhere."""

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any

from services.blueprint.domain.template_references import reference_findings
from services.blueprint.domain.yaml_document import YamlDocument, YamlRefused, read_yaml
from services.contracts.blueprint import Finding

ALLOWED_TYPES = frozenset(
    {
        "OS::Cinder::Volume",
        "OS::Cinder::VolumeAttachment",
        "OS::Heat::None",
        "OS::Heat::RandomString",
        "OS::Heat::ResourceGroup",
        "OS::Heat::Value",
        "OS::Neutron::FloatingIP",
        "OS::Neutron::FloatingIPAssociation",
        "OS::Neutron::Net",
        "OS::Neutron::Port",
        "OS::Neutron::Router",
        "OS::Neutron::RouterInterface",
        "OS::Neutron::SecurityGroup",
        "OS::Neutron::SecurityGroupRule",
        "OS::Neutron::Subnet",
        "OS::Nova::KeyPair",
        "OS::Nova::Server",
        "OS::Nova::ServerGroup",
    }
)
"""Types that make machines, networks and volumes of the customer's own project, and nothing that runs elsewhere."""

REFUSED_FUNCTIONS = {
    "get_file": "Write the text into the template or pass it as a parameter.",
    "resource_facade": "Pass what is needed as a parameter.",
    "yaql": "Use list_join, map_merge, filter or str_replace.",
}
"""Functions that read files, look around the template, or compute without bounds, and what to use instead."""
_GROUP = "OS::Heat::ResourceGroup"
_MOST_NESTED_GROUPS = 5
_MAPPINGS = frozenset({"parameters", "resources", "outputs", "conditions"})

_OUTSIDE = ("http://", "https://", "file://", "swift://")
_SECTIONS = frozenset(
    {"heat_template_version", "description", "parameters", "parameter_groups", "resources", "outputs", "conditions"}
)


class Part(Enum):
    """What a template is for: the names of the parameters it must take, and of the outputs it must have."""

    SHARED = (frozenset({"network"}), frozenset[str]())
    ROLE = (
        frozenset({"hosts", "count", "image", "flavor", "network", "user_data", "metadata"}),
        frozenset({"servers"}),
    )
    NESTED = (frozenset[str](), frozenset[str]())


def template_findings(path: str, content: bytes, own_types: Iterable[str], part: Part) -> Iterator[Finding]:
    """Yield everything that keeps a HOT file from being taken; ``own_types`` are the blueprint's nested templates."""
    try:
        document = read_yaml(content.decode())
    except (YamlRefused, UnicodeDecodeError) as error:
        yield Finding(file=path, line=getattr(error, "line", None), message=str(error))
        return
    template = document.value
    if not isinstance(template, dict) or "heat_template_version" not in template:
        hint = "A HOT file begins with heat_template_version."
        yield Finding(file=path, line=1, message="It is no HOT template.", hint=hint)
        return
    wrong_sections = list(_section_findings(path, document, template))
    yield from wrong_sections
    if wrong_sections:
        return
    yield from _interface_findings(path, document, template, part)
    yield from _resource_findings(path, document, frozenset(own_types))
    yield from _function_findings(path, document, template, "")
    yield from reference_findings(path, document)


def _section_findings(path: str, document: YamlDocument, template: dict[Any, Any]) -> Iterator[Finding]:
    for section, content in template.items():
        place = f"/{section}"
        if section not in _SECTIONS:
            yield _finding(path, document, place, f"HOT has no section {section}.", "See the HOT specification.")
        elif section in _MAPPINGS and not isinstance(content, dict | None):
            yield _finding(path, document, place, f"The section {section} is no mapping by name.")


def _interface_findings(path: str, document: YamlDocument, template: dict[str, Any], part: Part) -> Iterator[Finding]:
    parameters, outputs = part.value
    taken = template.get("parameters") or {}
    for name in sorted(parameters - set(taken)):
        message = f"The template has no parameter {name}, which it is given."
        yield _finding(path, document, "/parameters", message, f"It is given: {', '.join(sorted(parameters))}.")
    for name in sorted(outputs - set(template.get("outputs") or {})):
        message = f"The template has no output {name}."
        yield _finding(path, document, "/outputs", message, "It is a list of {name, id, address}, one a server.")


def _resource_findings(path: str, document: YamlDocument, own_types: frozenset[str]) -> Iterator[Finding]:
    for name, resource in (document.value.get("resources") or {}).items():
        place = f"/resources/{name}"
        if not isinstance(resource, dict) or not isinstance(resource.get("type"), str):
            yield _finding(path, document, place, f"The resource {name} has no type.")
            continue
        yield from _definition_findings(path, document, place, resource, own_types, 0)


def _definition_findings(
    path: str, document: YamlDocument, place: str, resource: dict[str, Any], own_types: frozenset[str], depth: int
) -> Iterator[Finding]:
    """Look at a resource, and at the member of a group, which may be a group again."""
    kind = str(resource.get("type"))
    if kind not in ALLOWED_TYPES and kind not in own_types:
        hint = f"Allowed are: {', '.join(sorted(ALLOWED_TYPES))}, and templates listed under infrastructure.files."
        yield _finding(path, document, f"{place}/type", f"The resource type {kind} is not allowed.", hint)
    if kind.startswith(_OUTSIDE):
        yield _finding(path, document, f"{place}/type", "A template from another address is not allowed.")
    if kind != _GROUP:
        return
    properties = resource.get("properties")
    member = properties.get("resource_def") if isinstance(properties, dict) else None
    inside = f"{place}/properties/resource_def"
    if not isinstance(member, dict) or "type" not in member:
        yield _finding(path, document, inside, "A resource group says in resource_def, in plain text, what it is of.")
    elif depth >= _MOST_NESTED_GROUPS:
        yield _finding(path, document, inside, f"Groups are nested deeper than {_MOST_NESTED_GROUPS}.")
    else:
        yield from _definition_findings(path, document, inside, member, own_types, depth + 1)


def _function_findings(path: str, document: YamlDocument, value: Any, place: str) -> Iterator[Finding]:
    if isinstance(value, dict):
        for key, inner in value.items():
            here = f"{place}/{key}"
            if key in REFUSED_FUNCTIONS:
                hint = REFUSED_FUNCTIONS[key]
                yield _finding(path, document, here, f"The function {key} is not allowed.", hint)
            yield from _function_findings(path, document, inner, here)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _function_findings(path, document, inner, f"{place}/{index}")


def _finding(path: str, document: YamlDocument, pointer: str, message: str, hint: str | None = None) -> Finding:
    return Finding(file=path, line=document.line_of(pointer), message=message, hint=hint)
