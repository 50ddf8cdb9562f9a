"""Validate the folder of a blueprint: every error at once, each with its file, line and what to do."""

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from services.blueprint.domain.blueprint import DOCUMENT, Elements
from services.blueprint.domain.files import Files
from services.blueprint.domain.templates import template_findings
from services.blueprint.domain.versions import matching
from services.blueprint.domain.yaml_document import YamlDocument, YamlRefused, read_yaml
from services.chassis.validation import schema_problems
from services.contracts.blueprint import Finding


def validate_blueprint(files: Files, schema: dict[str, Any], elements: Elements) -> list[Finding]:
    """Return everything that is wrong with a blueprint's files; an empty list when it can be published.

    ``schema`` is the JSON Schema of blueprint.yaml, ``elements`` what the catalogue has.
    """
    if DOCUMENT not in files:
        return [Finding(file=DOCUMENT, line=None, message=f"There is no {DOCUMENT}.", hint="Every blueprint has one.")]
    try:
        document = read_yaml(files[DOCUMENT].decode())
    except (YamlRefused, UnicodeDecodeError) as error:
        return [Finding(file=DOCUMENT, line=getattr(error, "line", None), message=str(error))]
    problems = schema_problems(document.value, schema)
    if problems:
        return [
            Finding(
                file=DOCUMENT,
                line=document.line_of(item.pointer),
                message=_at(item.pointer, item.message),
                hint=item.hint,
            )
            for item in problems
        ]
    return [*_role_findings(document), *_element_findings(document, elements), *_file_findings(document, files)]


def _role_findings(document: YamlDocument) -> Iterable[Finding]:
    blueprint = document.value
    names = [role["name"] for role in blueprint["roles"]]
    for index, role in enumerate(blueprint["roles"]):
        place = f"/roles/{index}"
        if names.index(role["name"]) != index:
            yield _finding(document, place, f"The role {role['name']} is there twice.", "Give each role its own name.")
        if role["name"] not in blueprint["infrastructure"]["roles"]:
            hint = "Add it under infrastructure.roles."
            yield _finding(document, place, f"The role {role['name']} has no template.", hint)
        yield from _reference_findings(document, f"{place}/count", role["count"])
    for name in blueprint["infrastructure"]["roles"]:
        if name not in names:
            place = f"/infrastructure/roles/{name}"
            yield _finding(document, place, f"There is no role {name}.", f"The roles are: {', '.join(names)}.")


def _element_findings(document: YamlDocument, elements: Elements) -> Iterable[Finding]:
    roles = {role["name"] for role in document.value["roles"]}
    provided: set[str] = set()
    for index, use in enumerate(document.value["elements"]):
        place = f"/elements/{index}"
        for name in set(use["roles"]) - roles:
            yield _finding(
                document, f"{place}/roles", f"There is no role {name}.", f"There are: {', '.join(sorted(roles))}."
            )
        versions = elements.get(use["element"], {})
        version = matching(versions, use["version"])
        if version is None:
            known = ", ".join(sorted(versions)) or "none"
            message = f"There is no element {use['element']} {use['version']}."
            yield _finding(document, place, message, f"Versions of it: {known}.")
            continue
        element = versions[version]
        for ability in set(element.requires) - provided:
            message = f"{element.name} requires {ability}, which no element before it provides."
            yield _finding(document, place, message, "Put an element that provides it earlier.")
        provided |= {element.name, *element.provides}
        yield from _value_findings(document, place, use.get("values", {}), element.parameters)


def _value_findings(
    document: YamlDocument, place: str, values: dict[str, Any], schema: dict[str, Any]
) -> Iterable[Finding]:
    known = schema.get("properties", {})
    for name, value in values.items():
        where = f"{place}/values/{name}"
        if name not in known:
            hint = f"Its parameters are: {', '.join(sorted(known)) or 'none'}."
            yield _finding(document, where, f"The element has no parameter {name}.", hint)
        elif _is_plain(value):
            for problem in schema_problems(value, known[name], prefix=where):
                yield _finding(document, problem.pointer, problem.message, problem.hint)
        yield from _reference_findings(document, where, value)
    for name in set(schema.get("required", [])) - set(values):
        yield _finding(document, place, f"The element's parameter {name} has no value.", "Give it under values.")


def _reference_findings(document: YamlDocument, place: str, value: Any) -> Iterable[Finding]:
    known = document.value["parameters"]["properties"]
    for name in _references(value):
        if name not in known:
            yield _finding(document, place, f"There is no parameter {name}.", f"There are: {', '.join(known)}.")


def _references(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        if set(value) == {"parameter"}:
            yield str(value["parameter"])
            return
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _is_plain(value: Any) -> bool:
    return not any(True for _ in _references(value))


def _file_findings(document: YamlDocument, files: Files) -> Iterable[Finding]:
    infrastructure = document.value["infrastructure"]
    nested = infrastructure.get("files", [])
    own_types = {PurePosixPath(path).name for path in nested}
    places = {
        "/infrastructure/shared": infrastructure["shared"],
        **{f"/infrastructure/roles/{name}": path for name, path in infrastructure["roles"].items()},
        **{f"/infrastructure/files/{index}": path for index, path in enumerate(nested)},
    }
    for place, path in places.items():
        if path not in files:
            yield _finding(
                document, place, f"There is no file {path}.", "Paths are relative to the blueprint's folder."
            )
        else:
            yield from template_findings(path, files[path], own_types)


def _finding(document: YamlDocument, pointer: str, message: str, hint: str | None = None) -> Finding:
    return Finding(file=DOCUMENT, line=document.line_of(pointer), message=message, hint=hint)


def _at(pointer: str, message: str) -> str:
    return f"{pointer.removeprefix('/').replace('/', '.')}: {message}" if pointer else message
