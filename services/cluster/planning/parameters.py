"""A customer's parameters: defaults filled in, checked against the blueprint's schema, put into elements' values."""

from collections.abc import Iterator
from typing import Any

from services.chassis.errors import FieldProblem
from services.chassis.json_schema import unfolded_size
from services.chassis.validation import schema_problems
from services.cluster.exceptions import InvalidParameters

_MOST_CHECKS = 500_000
"""Parts of a blueprint's schema, with references written out, times values that a customer gives."""


def resolve_parameters(schema: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return ``given`` with the schema's defaults for what was left out.

    Raises InvalidParameters with every error at once, each with its JSON pointer into the request.
    """
    known = schema.get("properties", {})
    closed = {"additionalProperties": False, **schema}
    filled: dict[str, Any] = with_defaults(closed, given)
    if unfolded_size(closed) * count_of(filled) > _MOST_CHECKS:
        problem = FieldProblem("/parameters", "There are more values than can be checked.", "Give fewer values.")
        raise InvalidParameters("The parameters are too many.", errors=(problem,))
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
    known = {name: inner for name, inner in schema["properties"].items() if isinstance(inner, dict)}
    defaults = {name: inner["default"] for name, inner in known.items() if "default" in inner}
    merged = {**defaults, **value}
    return {name: with_defaults(known.get(name, {}), inner) for name, inner in merged.items()}


def count_of(value: Any) -> int:
    """Return how many values there are in ``value``, itself among them."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(count_of, inside))


def references_in(value: Any) -> Iterator[str]:
    """Yield the name in each ``{"parameter": name}`` of ``value``."""
    if isinstance(value, dict) and set(value) == {"parameter"}:
        yield value["parameter"]
        return
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from references_in(inner)


def substitute(value: Any, parameters: dict[str, Any]) -> Any:
    """Return ``value`` with each ``{"parameter": name}`` in it replaced by that parameter."""
    if isinstance(value, dict):
        if set(value) == {"parameter"}:
            return parameters.get(value["parameter"])
        return {key: substitute(inner, parameters) for key, inner in value.items()}
    if isinstance(value, list):
        return [substitute(inner, parameters) for inner in value]
    return value
