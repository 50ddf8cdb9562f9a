"""HOT from others: only resource types on the list, nothing fetched from elsewhere."""

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any

from services.blueprint.domain.blueprint import GIVEN
from services.blueprint.domain.resource_types import refusal
from services.blueprint.domain.template_functions import function_findings
from services.blueprint.domain.template_references import reference_findings
from services.blueprint.domain.template_shape import VERSIONS, part_findings, section_findings
from services.blueprint.domain.yaml_document import YamlDocument, YamlRefused, read_yaml
from services.contracts.blueprint import Finding

_GROUP = "OS::Heat::ResourceGroup"
_MOST_NESTED_GROUPS = 5


class Part(Enum):
    """What a template is for: the names of the parameters it must take, and of the outputs it must have."""

    SHARED = (frozenset({"network"}), frozenset[str]())
    ROLE = (
        frozenset({"hosts", "count", "image", "flavor", "network", "user_data", "metadata"}),
        frozenset({"servers"}),
    )
    WHOLE = (GIVEN, frozenset({"servers"}))
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
    wrong_sections = list(section_findings(path, document))
    yield from wrong_sections
    if wrong_sections:
        return
    yield from part_findings(path, document)
    yield from _interface_findings(path, document, template, part)
    yield from _resource_findings(path, document, frozenset(own_types))
    yield from function_findings(path, document, VERSIONS[template["heat_template_version"]])
    yield from reference_findings(path, document)


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
        if isinstance(resource, dict) and isinstance(resource.get("type"), str):
            yield from _definition_findings(path, document, place, resource, own_types, 0)


def _definition_findings(
    path: str, document: YamlDocument, place: str, resource: dict[str, Any], own_types: frozenset[str], depth: int
) -> Iterator[Finding]:
    """Look at a resource, and at the member of a group, which may be a group again."""
    kind = str(resource.get("type"))
    refused = None if kind in own_types else refusal(kind)
    if refused:
        yield _finding(path, document, f"{place}/type", refused[0], refused[1])
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


def _finding(path: str, document: YamlDocument, pointer: str, message: str, hint: str | None = None) -> Finding:
    return Finding(file=path, line=document.line_of(pointer), message=message, hint=hint)
