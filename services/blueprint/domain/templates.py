"""HOT from others: only resource types on the list, nothing fetched from elsewhere."""

from collections.abc import Iterable
from typing import Any

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

_FETCHING = frozenset({"get_file"})
_OUTSIDE = ("http://", "https://", "file://", "swift://")
_SECTIONS = frozenset(
    {"heat_template_version", "description", "parameters", "parameter_groups", "resources", "outputs", "conditions"}
)


def template_findings(path: str, content: bytes, own_types: Iterable[str]) -> Iterable[Finding]:
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
    for section in set(template) - _SECTIONS:
        yield _finding(path, document, f"/{section}", f"HOT has no section {section}.", "See the HOT specification.")
    yield from _resource_findings(path, document, frozenset(own_types))
    yield from _fetching_findings(path, document, template, "")


def _resource_findings(path: str, document: YamlDocument, own_types: frozenset[str]) -> Iterable[Finding]:
    resources = document.value.get("resources") or {}
    if not isinstance(resources, dict):
        yield _finding(path, document, "/resources", "resources is no mapping of names to resources.")
        return
    for name, resource in resources.items():
        place = f"/resources/{name}"
        if not isinstance(resource, dict) or not isinstance(resource.get("type"), str):
            yield _finding(path, document, place, f"The resource {name} has no type.")
            continue
        yield from _type_findings(path, document, f"{place}/type", resource["type"], own_types)
        member = (resource.get("properties") or {}).get("resource_def")
        if resource["type"] == "OS::Heat::ResourceGroup" and isinstance(member, dict):
            inner = str(member.get("type"))
            yield from _type_findings(path, document, f"{place}/properties/resource_def/type", inner, own_types)


def _type_findings(
    path: str, document: YamlDocument, place: str, found: str, own_types: frozenset[str]
) -> Iterable[Finding]:
    if found not in ALLOWED_TYPES and found not in own_types:
        hint = f"Allowed are: {', '.join(sorted(ALLOWED_TYPES))}, and templates listed under infrastructure.files."
        yield _finding(path, document, place, f"The resource type {found} is not allowed.", hint)


def _fetching_findings(path: str, document: YamlDocument, value: Any, place: str) -> Iterable[Finding]:
    if isinstance(value, dict):
        for key, inner in value.items():
            here = f"{place}/{key}"
            if key in _FETCHING:
                hint = "Write the text into the template or pass it as a parameter."
                yield _finding(path, document, here, f"The function {key} is not allowed.", hint)
            yield from _fetching_findings(path, document, inner, here)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _fetching_findings(path, document, inner, f"{place}/{index}")
    elif isinstance(value, str) and place.endswith("/type") and value.startswith(_OUTSIDE):
        yield _finding(path, document, place, "A template from another address is not allowed.")


def _finding(path: str, document: YamlDocument, pointer: str, message: str, hint: str | None = None) -> Finding:
    return Finding(file=path, line=document.line_of(pointer), message=message, hint=hint)
