"""A template while it is looked at: its sections, its places by line, and who asks for which parameter."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from services.blueprint.domain.yaml_document import YamlDocument
from services.contracts.blueprint import Finding


@dataclass(frozen=True)
class Template:
    """A valid HOT and the name of its file."""

    path: str
    document: YamlDocument

    def section(self, name: str) -> dict[str, Any]:
        """Return a section; an empty one if it is not there."""
        return self.document.value.get(name) or {}

    def finding(self, pointer: str, message: str, hint: str | None = None) -> Finding:
        """Return what is wrong at a place."""
        return Finding(file=self.path, line=self.document.line_of(pointer), message=message, hint=hint)


def parameter_of(value: Any) -> str | None:
    """Return the name of the parameter that a value is, whole; None if it is something else."""
    if not isinstance(value, dict) or set(value) != {"get_param"}:
        return None
    name = value["get_param"]
    name = name[0] if isinstance(name, list) and len(name) == 1 else name
    return name if isinstance(name, str) else None


def resource_of(value: Any) -> str | None:
    """Return the name of the resource that a value refers to; None if it is something else."""
    name = value.get("get_resource") if isinstance(value, dict) and len(value) == 1 else None
    return name if isinstance(name, str) else None


def calls(value: Any, function: str) -> Iterator[Any]:
    """Yield what a function is given, wherever it is called in a value."""
    if isinstance(value, dict):
        if set(value) == {function}:
            yield value[function]
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from calls(inner, function)


def parameters_in(value: Any) -> set[str]:
    """Return the names of all parameters that a value asks for."""
    first = (given[0] if isinstance(given, list) and given else given for given in calls(value, "get_param"))
    return {name for name in first if isinstance(name, str)}


def renamed(value: Any, names: dict[str, str]) -> Any:
    """Return a value that asks for parameters by other names."""
    if isinstance(value, list):
        return [renamed(inner, names) for inner in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"get_param"}:
        given = value["get_param"]
        if isinstance(given, str):
            return {"get_param": names.get(given, given)}
        if isinstance(given, list) and given and isinstance(given[0], str):
            return {"get_param": [names.get(given[0], given[0]), *renamed(given[1:], names)]}
    return {key: renamed(inner, names) for key, inner in value.items()}
