"""What a HOT template refers to inside itself must be there: parameters, resources, conditions."""

from collections.abc import Iterator
from typing import Any

from services.blueprint.domain.yaml_document import YamlDocument
from services.contracts.blueprint import Finding

_PSEUDO = "OS::"
"""How the parameters that every template has begin (HOT specification, "Pseudo parameters")."""
_FUNCTIONS = {"get_param": "parameters", "get_resource": "resources", "get_attr": "resources"}


def reference_findings(path: str, document: YamlDocument) -> Iterator[Finding]:
    """Yield each reference that leads nowhere."""
    template = document.value
    known: dict[str, set[str]] = {
        "parameters": set(template.get("parameters") or {}),
        "resources": set(template.get("resources") or {}),
    }
    for section in ("resources", "outputs", "conditions"):
        yield from _below(path, document, template.get(section), f"/{section}", known)
    for name, resource in (template.get("resources") or {}).items():
        yield from _dependencies(path, document, f"/resources/{name}/depends_on", resource, known["resources"])


def _below(path: str, document: YamlDocument, value: Any, place: str, known: dict[str, set[str]]) -> Iterator[Finding]:
    if isinstance(value, dict):
        for key, inner in value.items():
            here = f"{place}/{key}"
            if len(value) == 1 and key in _FUNCTIONS:
                yield from _reference(path, document, here, str(key), inner, known)
            yield from _below(path, document, inner, here, known)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _below(path, document, inner, f"{place}/{index}", known)


def _reference(
    path: str, document: YamlDocument, place: str, function: str, argument: Any, known: dict[str, set[str]]
) -> Iterator[Finding]:
    name = argument[0] if isinstance(argument, list) and argument else argument
    section = _FUNCTIONS[function]
    if isinstance(name, str) and not name.startswith(_PSEUDO) and name not in known[section]:
        there = ", ".join(sorted(known[section])) or "none"
        message = f"{function}: there is no {name} under {section}."
        yield Finding(file=path, line=document.line_of(place), message=message, hint=f"There are: {there}.")


def _dependencies(path: str, document: YamlDocument, place: str, resource: Any, known: set[str]) -> Iterator[Finding]:
    wanted = resource.get("depends_on") if isinstance(resource, dict) else None
    for name in wanted if isinstance(wanted, list) else [wanted]:
        if isinstance(name, str) and name not in known:
            hint = f"There are: {', '.join(sorted(known)) or 'none'}."
            message = f"depends_on: there is no {name} under resources."
            yield Finding(file=path, line=document.line_of(place), message=message, hint=hint)
