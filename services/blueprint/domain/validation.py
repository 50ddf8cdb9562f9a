"""Validate the folder of a blueprint or element: every error at once, each with its file, line and what to do."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from services.blueprint.domain.blueprint import DOCUMENT, Elements
from services.blueprint.domain.composition import element_findings, role_findings
from services.blueprint.domain.element import DOCUMENT as ELEMENT
from services.blueprint.domain.element import LIBRARY, PLAYBOOKS
from services.blueprint.domain.files import Files
from services.blueprint.domain.parameters import example_findings, parameter_findings
from services.blueprint.domain.template_whole import whole_findings
from services.blueprint.domain.templates import Part, template_findings
from services.blueprint.domain.yaml_document import YamlDocument, YamlRefused, read_yaml
from services.chassis.validation import schema_problems
from services.contracts.blueprint import WHOLE, Finding

MOST_DOCUMENT_BYTES = 100_000
"""Of blueprint.yaml and element.yaml, which are read whole wherever a version is looked at."""


def validate_blueprint(files: Files, schema: dict[str, Any], elements: Elements) -> Iterator[Finding]:
    """Yield everything that is wrong with a blueprint's files; nothing when it can be published.

    ``schema`` is the JSON Schema of blueprint.yaml, ``elements`` what the catalogue has. A blueprint.yaml that does not
    keep its schema is looked at no further, but the templates beside it are.
    """
    document, wrong = read_document(DOCUMENT, files, schema)
    yield from wrong
    if document is None:
        yield from _loose_template_findings(files)
        return
    wrong_parameters = parameter_findings(DOCUMENT, document)
    yield from wrong_parameters
    yield from role_findings(document)
    yield from element_findings(document, elements)
    yield from _output_findings(document)
    yield from whole_findings(document, files)
    yield from _file_findings(document, files)
    if not wrong_parameters:
        yield from example_findings(document, files)


def validate_element(files: Files, schema: dict[str, Any]) -> Iterator[Finding]:
    """Yield everything that is wrong with an element's files; ``schema`` is the JSON Schema of element.yaml."""
    document, wrong = read_document(ELEMENT, files, schema)
    yield from wrong
    for name in PLAYBOOKS:
        if name not in files:
            yield Finding(file=name, line=None, message=f"There is no {name}.", hint="Every element has one.")
        else:
            yield from _playbook_findings(name, files[name])
    if document is None:
        return
    yield from parameter_findings(ELEMENT, document)
    if document.value["name"] == LIBRARY:
        message = f"The name {LIBRARY} is that of the folder of shared modules."
        yield Finding(file=ELEMENT, line=document.line_of("/name"), message=message, hint="Choose another.")
    names = [secret["name"] for secret in document.value["secrets"]]
    for index, name in enumerate(names):
        if names.index(name) != index:
            line = document.line_of(f"/secrets/{index}/name")
            yield Finding(file=ELEMENT, line=line, message=f"The secret {name} is there twice.", hint="Rename one.")


def read_document(name: str, files: Files, schema: dict[str, Any]) -> tuple[YamlDocument | None, list[Finding]]:
    """Return the folder's own document; None, and what is wrong with it, unless it keeps its schema."""
    if name not in files:
        hint = "There is one at the top of each folder."
        return None, [Finding(file=name, line=None, message=f"There is no {name}.", hint=hint)]
    if len(files[name]) > MOST_DOCUMENT_BYTES:
        hint = "Put what is long into files beside it."
        message = f"The file has more than {MOST_DOCUMENT_BYTES} bytes."
        return None, [Finding(file=name, line=None, message=message, hint=hint)]
    try:
        document = read_yaml(files[name].decode())
    except (YamlRefused, UnicodeDecodeError) as error:
        return None, [Finding(file=name, line=getattr(error, "line", None), message=str(error))]
    problems = schema_problems(document.value, schema)
    told = [
        Finding(file=name, line=document.line_of(item.pointer), message=_at(item.pointer, item.message), hint=item.hint)
        for item in problems
    ]
    return (None, told) if told else (document, [])


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
            if item.get("kind") == "ssh" and item["role"] not in roles:
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
        *((f"/infrastructure/roles/{name}", path, Part.ROLE) for name, path in infrastructure.get("roles", {}).items()),
        *(("/infrastructure/whole", infrastructure[WHOLE], Part.WHOLE) for _ in [WHOLE] if WHOLE in infrastructure),
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
        path = check["playbook"]
        if path not in files:
            yield _missing(document, f"/checks/{index}/playbook", path)
        elif path not in looked_at:
            looked_at.add(path)
            yield from _playbook_findings(path, files[path])


def _playbook_findings(path: str, content: bytes) -> Iterator[Finding]:
    try:
        playbook = read_yaml(content.decode())
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
