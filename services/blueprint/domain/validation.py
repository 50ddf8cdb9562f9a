"""Validate the folder of a blueprint: every error at once, each with its file, line and what to do."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from services.blueprint.domain.blueprint import DOCUMENT, Elements
from services.blueprint.domain.composition import element_findings, role_findings
from services.blueprint.domain.files import Files
from services.blueprint.domain.parameters import example_findings, parameter_findings
from services.blueprint.domain.templates import Part, template_findings
from services.blueprint.domain.yaml_document import YamlDocument, YamlRefused, read_yaml
from services.chassis.validation import schema_problems
from services.contracts.blueprint import Finding


def validate_blueprint(files: Files, schema: dict[str, Any], elements: Elements) -> list[Finding]:
    """Return everything that is wrong with a blueprint's files; an empty list when it can be published.

    ``schema`` is the JSON Schema of blueprint.yaml, ``elements`` what the catalogue has. A blueprint.yaml that does not
    keep its schema is looked at no further, but the templates beside it are.
    """
    if DOCUMENT not in files:
        hint = "Every blueprint has one, at the top of its folder."
        return [
            Finding(file=DOCUMENT, line=None, message=f"There is no {DOCUMENT}.", hint=hint),
            *_loose_template_findings(files),
        ]
    try:
        document = read_yaml(files[DOCUMENT].decode())
    except (YamlRefused, UnicodeDecodeError) as error:
        broken = Finding(file=DOCUMENT, line=getattr(error, "line", None), message=str(error))
        return [broken, *_loose_template_findings(files)]
    problems = schema_problems(document.value, schema)
    if problems:
        told = [_finding(document, item.pointer, _at(item.pointer, item.message), item.hint) for item in problems]
        return [*told, *_loose_template_findings(files)]
    wrong_parameters = parameter_findings(DOCUMENT, document)
    return [
        *wrong_parameters,
        *role_findings(document),
        *element_findings(document, elements),
        *_output_findings(document),
        *_file_findings(document, files),
        *([] if wrong_parameters else example_findings(document, files)),
    ]


def _output_findings(document: YamlDocument) -> Iterator[Finding]:
    roles = [role["name"] for role in document.value["roles"]]
    elements = {use["element"] for use in document.value["elements"]}
    for kind in ("outputs", "checks"):
        names = [item["name"] for item in document.value[kind]]
        for index, item in enumerate(document.value[kind]):
            place = f"/{kind}/{index}"
            if names.index(item["name"]) != index:
                message = f"The name {item['name']} is there twice under {kind}."
                yield _finding(document, f"{place}/name", message, "Give each its own name.")
            if kind == "checks" and item["name"] in elements:
                message = f"The check {item['name']} has the name of an element."
                hint = "Progress is told by these names, elements and checks in one table: choose another."
                yield _finding(document, f"{place}/name", message, hint)
            if kind == "outputs" and item["role"] not in roles:
                hint = f"The roles are: {', '.join(roles)}."
                yield _finding(document, f"{place}/role", f"There is no role {item['role']}.", hint)


def _file_findings(document: YamlDocument, files: Files) -> Iterator[Finding]:
    infrastructure = document.value["infrastructure"]
    nested = infrastructure.get("files", [])
    own_types = [PurePosixPath(path).name for path in nested]
    for index, name in enumerate(own_types):
        if own_types.index(name) != index:
            message = f"Two nested templates have the name {name}."
            yield _finding(document, f"/infrastructure/files/{index}", message, "Heat knows them by it: rename one.")
    parts = [
        ("/infrastructure/shared", infrastructure["shared"], Part.SHARED),
        *((f"/infrastructure/roles/{name}", path, Part.ROLE) for name, path in infrastructure["roles"].items()),
        *((f"/infrastructure/files/{index}", path, Part.NESTED) for index, path in enumerate(nested)),
    ]
    looked_at: set[str] = set()
    for place, path, part in parts:
        if path not in files:
            yield _missing(document, place, path)
        elif path not in looked_at:
            looked_at.add(path)
            yield from template_findings(path, files[path], own_types, part)
    for index, check in enumerate(document.value["checks"]):
        yield from _playbook_findings(document, f"/checks/{index}/playbook", check["playbook"], files)


def _playbook_findings(document: YamlDocument, place: str, path: str, files: Files) -> Iterator[Finding]:
    if path not in files:
        yield _missing(document, place, path)
        return
    try:
        playbook = read_yaml(files[path].decode())
    except (YamlRefused, UnicodeDecodeError) as error:
        yield Finding(file=path, line=getattr(error, "line", None), message=str(error))
        return
    if not isinstance(playbook.value, list) or not all(isinstance(play, dict) for play in playbook.value):
        yield Finding(file=path, line=1, message="It is no playbook.", hint="A playbook is a list of plays.")


def _loose_template_findings(files: Files) -> Iterator[Finding]:
    """Look at what lies under infrastructure/ when blueprint.yaml does not say what it is."""
    found = {
        path: text for path, text in files.items() if path.startswith("infrastructure/") and path.endswith(".yaml")
    }
    own_types = [PurePosixPath(path).name for path in found]
    for path, text in found.items():
        yield from template_findings(path, text, own_types, Part.NESTED)


def _missing(document: YamlDocument, place: str, path: str) -> Finding:
    return _finding(document, place, f"There is no file {path}.", "Paths are relative to the blueprint's folder.")


def _finding(document: YamlDocument, pointer: str, message: str, hint: str | None = None) -> Finding:
    return Finding(file=DOCUMENT, line=document.line_of(pointer), message=message, hint=hint)


def _at(pointer: str, message: str) -> str:
    return f"{pointer.removeprefix('/').replace('/', '.')}: {message}" if pointer else message
