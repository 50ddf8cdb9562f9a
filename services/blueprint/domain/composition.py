"""Do the parts of a blueprint fit together: roles, their counts, the elements and the values they get."""

from collections.abc import Iterable, Iterator
from typing import Any

from services.blueprint.domain.blueprint import DOCUMENT, Elements
from services.blueprint.domain.versions import matching
from services.blueprint.domain.yaml_document import YamlDocument
from services.chassis.validation import schema_problems
from services.contracts.blueprint import ElementVersion, Finding


def role_findings(document: YamlDocument) -> Iterator[Finding]:
    """Yield what is wrong with the roles."""
    blueprint = document.value
    names = [role["name"] for role in blueprint["roles"]]
    templates = blueprint["infrastructure"].get("roles")
    for index, role in enumerate(blueprint["roles"]):
        place = f"/roles/{index}"
        if names.index(role["name"]) != index:
            yield _finding(document, place, f"The role {role['name']} is there twice.", "Give each role its own name.")
        if templates is not None and role["name"] not in templates:
            hint = "Add it under infrastructure.roles."
            yield _finding(document, place, f"The role {role['name']} has no template.", hint)
        yield from _reference_findings(document, f"{place}/count", role["count"])
        yield from _count_findings(document, place, role)
    for name in templates or ():
        if name not in names:
            place = f"/infrastructure/roles/{name}"
            yield _finding(document, place, f"There is no role {name}.", f"The roles are: {', '.join(names)}.")


def element_findings(document: YamlDocument, elements: Elements) -> Iterator[Finding]:
    """Yield what is wrong with the elements: unknown, out of order, in conflict, or with values they don't take."""
    roles = {role["name"] for role in document.value["roles"]}
    provided: set[str] = set()
    placed: list[tuple[ElementVersion, set[str]]] = []
    for index, use in enumerate(document.value["elements"]):
        place = f"/elements/{index}"
        for name in sorted(set(use["roles"]) - roles):
            hint = f"There are: {', '.join(sorted(roles))}."
            yield _finding(document, f"{place}/roles", f"There is no role {name}.", hint)
        element = _resolved(use, elements)
        if element is None:
            known = ", ".join(sorted(elements.get(use["element"], {}))) or "none"
            message = f"There is no element {use['element']} {use['version']}."
            yield _finding(document, place, message, f"Versions of it: {known}.")
            continue
        for ability in sorted(set(element.requires) - provided):
            message = f"{element.name} requires {ability}, which no element before it provides."
            yield _finding(document, place, message, "Put an element that provides it earlier.")
        yield from _conflict_findings(document, place, element, set(use["roles"]), placed)
        placed.append((element, set(use["roles"])))
        provided |= {element.name, *element.provides}
        yield from _value_findings(document, place, use.get("values", {}), element.parameters)


def _resolved(use: dict[str, Any], elements: Elements) -> ElementVersion | None:
    versions = elements.get(use["element"], {})
    version = matching(versions, use["version"])
    return versions[version] if version else None


def _count_findings(document: YamlDocument, place: str, role: dict[str, Any]) -> Iterator[Finding]:
    least, most, count = role["min_count"], role["max_count"], role["count"]
    if most is not None and least > most:
        yield _finding(document, f"{place}/min_count", f"min_count {least} is more than max_count {most}.")
    if isinstance(count, int):
        if count < least or (most is not None and count > most):
            hint = "Choose a count between min_count and max_count."
            yield _finding(document, f"{place}/count", f"The count {count} is not between them.", hint)
        return
    parameter = document.value["parameters"]["properties"].get(count["parameter"])
    if isinstance(parameter, dict) and parameter.get("type") != "integer":
        message = f"The parameter {count['parameter']} is a count and no integer."
        yield _finding(document, f"{place}/count", message, "Give it type: integer.")


def _conflict_findings(
    document: YamlDocument,
    place: str,
    element: ElementVersion,
    roles: set[str],
    placed: Iterable[tuple[ElementVersion, set[str]]],
) -> Iterator[Finding]:
    for other, others in placed:
        shared = ", ".join(sorted(roles & others))
        if not shared:
            continue
        if other.name == element.name:
            message = f"{element.name} is put on {shared} twice."
            yield _finding(document, place, message, "Name each role in one place.")
        clashes = (set(element.conflicts) & {other.name, *other.provides}) | (
            set(other.conflicts) & {element.name, *element.provides}
        )
        for ability in sorted(clashes):
            message = f"{element.name} and {other.name} conflict on {shared} ({ability})."
            yield _finding(document, place, message, "Put them on different roles, or leave one out.")


def _value_findings(
    document: YamlDocument, place: str, values: dict[str, Any], schema: dict[str, Any]
) -> Iterator[Finding]:
    known = schema.get("properties", {})
    for name, value in values.items():
        where = f"{place}/values/{name}"
        if name not in known:
            hint = f"Its parameters are: {', '.join(sorted(known)) or 'none'}."
            yield _finding(document, where, f"The element has no parameter {name}.", hint)
        elif not any(True for _ in _references(value)):
            for problem in schema_problems(value, _with_definitions(known[name], schema), prefix=where):
                yield _finding(document, problem.pointer, f"{name}: {problem.message}", problem.hint)
        yield from _reference_findings(document, where, value)
    for name in sorted(set(schema.get("required", [])) - set(values)):
        yield _finding(document, place, f"The element's parameter {name} has no value.", "Give it under values.")


def _with_definitions(parameter: Any, schema: dict[str, Any]) -> Any:
    return {**parameter, "$defs": schema.get("$defs", {})} if isinstance(parameter, dict) else parameter


def _reference_findings(document: YamlDocument, place: str, value: Any) -> Iterator[Finding]:
    known = document.value["parameters"]["properties"]
    for name in _references(value):
        if name not in known:
            hint = f"There are: {', '.join(known) or 'none'}."
            yield _finding(document, place, f"There is no parameter {name}.", hint)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if set(value) == {"parameter"}:
            yield str(value["parameter"])
            return
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _finding(document: YamlDocument, pointer: str, message: str, hint: str | None = None) -> Finding:
    return Finding(file=DOCUMENT, line=document.line_of(pointer), message=message, hint=hint)
