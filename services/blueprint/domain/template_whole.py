"""Does a template that makes all machines at once fit what blueprint.yaml says of it."""

from collections.abc import Iterator
from typing import Any

from services.blueprint.domain.blueprint import DOCUMENT, GIVEN
from services.blueprint.domain.files import Files
from services.blueprint.domain.yaml_document import YamlDocument, YamlRefused, read_yaml
from services.contracts.blueprint import WHOLE, Finding


def whole_findings(document: YamlDocument, files: Files) -> Iterator[Finding]:
    """Yield parameters that nobody gives, and outputs that are not there."""
    path = document.value["infrastructure"].get(WHOLE)
    template = _template(files.get(path, b"")) if path else None
    asked = document.value["parameters"]["properties"]
    for name, parameter in _section(template, "parameters").items():
        if name not in GIVEN and name not in asked and isinstance(parameter, dict) and "default" not in parameter:
            message = f"The parameter {name} of {path} has no value."
            hint = "Ask for it under parameters, or give it a default in the template."
            yield _finding(document, "/infrastructure/whole", message, hint)
    for name in sorted(GIVEN & set(asked)) if path else ():
        message = f"The parameter {name} has a name that the platform gives to {path}."
        yield _finding(document, f"/parameters/properties/{name}", message, "Choose another name.")
    for index, output in enumerate(document.value["outputs"]):
        if output["kind"] == "template" and output["output"] not in _section(template, "outputs"):
            message = f"There is no output {output['output']} in a template that makes all machines."
            yield _finding(document, f"/outputs/{index}/output", message, "Name one that infrastructure.whole has.")


def _template(content: bytes) -> Any:
    """Return a template; what is wrong with it is told elsewhere."""
    try:
        return read_yaml(content.decode()).value
    except (YamlRefused, UnicodeDecodeError):
        return None


def _section(template: Any, name: str) -> dict[str, Any]:
    found = template.get(name) if isinstance(template, dict) else None
    return found if isinstance(found, dict) else {}


def _finding(document: YamlDocument, pointer: str, message: str, hint: str) -> Finding:
    return Finding(file=DOCUMENT, line=document.line_of(pointer), message=message, hint=hint)
