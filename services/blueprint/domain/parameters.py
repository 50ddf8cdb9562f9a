"""The parameters of a blueprint or element: a JSON Schema that must hold for its own defaults and examples."""

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

import jsonschema

from services.blueprint.domain.files import Files
from services.blueprint.domain.yaml_document import YamlDocument, YamlRefused, read_yaml
from services.chassis.json_schema import REFUSED_KEYWORDS, BadPattern, EndlessSchema, compiled, unfolded_size
from services.chassis.validation import schema_problems
from services.contracts.blueprint import Finding

MOST_SCHEMAS = 1000
_EXAMPLES = "examples"
_INVALID = "invalid-"


def parameter_findings(file: str, document: YamlDocument) -> list[Finding]:
    """Return what is wrong with ``parameters`` of ``document`` as a JSON Schema (2020-12)."""
    schema: dict[str, Any] = document.value["parameters"]
    wrong = [*_size_findings(file, document, schema)] or [
        *_schema_findings(file, document, schema),
        *_keyword_findings(file, document, schema, "/parameters"),
        *_pattern_findings(file, document, schema, "/parameters"),
    ]
    return wrong or [*_required_findings(file, document, schema), *_default_findings(file, document, schema)]


def example_findings(document: YamlDocument, files: Files) -> Iterator[Finding]:
    """Yield the examples that the parameters refuse, and the ``invalid-`` ones that they take."""
    for path, content in files.items():
        if PurePosixPath(path).parts[:1] != (_EXAMPLES,) or not path.endswith((".yaml", ".yml")):
            continue
        try:
            example = read_yaml(content.decode())
        except (YamlRefused, UnicodeDecodeError) as error:
            yield Finding(file=path, line=getattr(error, "line", None), message=str(error))
            continue
        problems = schema_problems(example.value, document.value["parameters"])
        if PurePosixPath(path).name.startswith(_INVALID):
            if not problems:
                hint = "An example whose name begins with invalid- must be refused."
                yield Finding(file=path, line=1, message="The parameters take this example.", hint=hint)
            continue
        for item in problems:
            told = f"{item.pointer}: {item.message}"
            yield Finding(file=path, line=example.line_of(item.pointer), message=told, hint=item.hint)


def _schema_findings(file: str, document: YamlDocument, schema: dict[str, Any]) -> Iterator[Finding]:
    validator = jsonschema.Draft202012Validator(jsonschema.Draft202012Validator.META_SCHEMA)
    for error in validator.iter_errors(schema):
        place = "/parameters" + "".join(f"/{part}" for part in error.absolute_path)
        message = f"{place.removeprefix('/')}: {error.message}"
        yield _finding(file, document, place, message, "Parameters are a JSON Schema, draft 2020-12.")


def _size_findings(file: str, document: YamlDocument, schema: dict[str, Any]) -> Iterator[Finding]:
    """Refuse what would take long to check a value against; nothing else looks at references to elsewhere."""
    try:
        if unfolded_size(schema) > MOST_SCHEMAS:
            message = f"With all references written out the parameters have more than {MOST_SCHEMAS} parts."
            yield _finding(file, document, "/parameters", message, "Ask for less, or for less nested values.")
    except EndlessSchema as error:
        hint = "A schema may refer to its own parts, as #/$defs/…, and to none that contains the reference."
        yield _finding(file, document, "/parameters", str(error), hint)


def _keyword_findings(file: str, document: YamlDocument, value: Any, place: str) -> Iterator[Finding]:
    if isinstance(value, dict):
        for key, inner in value.items():
            here = f"{place}/{key}"
            if key in REFUSED_KEYWORDS and not place.endswith("/properties"):
                hint = "Write out what it stands for."
                yield _finding(file, document, here, f"The keyword {key} is not taken in parameters.", hint)
            yield from _keyword_findings(file, document, inner, here)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _keyword_findings(file, document, inner, f"{place}/{index}")


def _pattern_findings(file: str, document: YamlDocument, value: Any, place: str) -> Iterator[Finding]:
    if isinstance(value, dict):
        named = value.get("patternProperties")
        for pattern in (value.get("pattern"), *(named if isinstance(named, dict) else ())):
            reason = _wrong_pattern(pattern)
            if reason:
                hint = "Use a regular expression as RE2 takes it: without looking ahead, and without references back."
                yield _finding(
                    file, document, f"{place}/pattern", f"The pattern {pattern} is not valid: {reason}.", hint
                )
        for key, inner in value.items():
            yield from _pattern_findings(file, document, inner, f"{place}/{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _pattern_findings(file, document, inner, f"{place}/{index}")


def _wrong_pattern(pattern: Any) -> str | None:
    try:
        if isinstance(pattern, str):
            compiled(pattern)
    except BadPattern as error:
        return str(error)
    return None


def _required_findings(file: str, document: YamlDocument, schema: dict[str, Any]) -> Iterator[Finding]:
    known = schema["properties"]
    for index, name in enumerate(schema.get("required", [])):
        place = f"/parameters/required/{index}"
        if name not in known:
            yield _finding(file, document, place, f"There is no parameter {name}.", _list("There are", known))
        elif isinstance(known[name], dict) and "default" in known[name]:
            hint = "Leave out one of the two."
            yield _finding(file, document, place, f"The parameter {name} is required and has a default.", hint)


def _default_findings(file: str, document: YamlDocument, schema: dict[str, Any]) -> Iterator[Finding]:
    for name, own in schema["properties"].items():
        if not isinstance(own, dict) or "default" not in own:
            continue
        place = f"/parameters/properties/{name}/default"
        for problem in schema_problems(own["default"], {**own, "$defs": schema.get("$defs", {})}):
            hint = "The default must be a value that the parameter takes."
            yield _finding(file, document, place, f"The default of {name} is refused: {problem.message}", hint)


def _list(words: str, names: Iterable[str]) -> str:
    return f"{words}: {', '.join(sorted(names)) or 'none'}."


def _finding(file: str, document: YamlDocument, pointer: str, message: str, hint: str | None = None) -> Finding:
    return Finding(file=file, line=document.line_of(pointer), message=message, hint=hint)
