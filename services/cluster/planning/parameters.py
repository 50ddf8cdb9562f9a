"""A customer's parameters: defaults filled in, checked against the blueprint's schema, put into elements' values."""

from typing import Any

from services.chassis.validation import schema_problems
from services.cluster.exceptions import InvalidParameters


def resolve_parameters(schema: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return ``given`` with the schema's defaults for what was left out.

    Raises InvalidParameters with every error at once, each with its JSON pointer into the request.
    """
    known = schema.get("properties", {})
    closed = {"additionalProperties": False, **schema}
    filled: dict[str, Any] = with_defaults(closed, given)
    problems = schema_problems(filled, closed, prefix="/parameters")
    if problems:
        names = ", ".join(known) or "none"
        raise InvalidParameters(
            "The parameters are not what the blueprint takes.",
            hint=f"Its parameters are: {names}. See: cloudpoint blueprint show.",
            errors=problems,
        )
    return filled


def with_defaults(schema: dict[str, Any], value: Any) -> Any:
    """Return ``value`` with the defaults of ``schema``, at every depth of objects and lists."""
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        return [with_defaults(schema["items"], inner) for inner in value]
    if not isinstance(value, dict) or "properties" not in schema:
        return value
    defaults = {name: inner["default"] for name, inner in schema["properties"].items() if "default" in inner}
    merged = {**defaults, **value}
    return {name: with_defaults(schema["properties"].get(name, {}), inner) for name, inner in merged.items()}


def substitute(value: Any, parameters: dict[str, Any]) -> Any:
    """Return ``value`` with each ``{"parameter": name}`` in it replaced by that parameter."""
    if isinstance(value, dict):
        if set(value) == {"parameter"}:
            return parameters.get(value["parameter"])
        return {key: substitute(inner, parameters) for key, inner in value.items()}
    if isinstance(value, list):
        return [substitute(inner, parameters) for inner in value]
    return value
