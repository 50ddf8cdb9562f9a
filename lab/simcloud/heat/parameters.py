"""Parameters of a stack: types, defaults, constraints, and how they are shown."""

import json
from typing import Any

from lab.simcloud.errors import ApiError
from lab.simcloud.heat.constraints import Lookup, broken
from lab.simcloud.heat.errors import invalid, parameter_missing, parameter_unknown
from lab.simcloud.heat.template import Template

TYPES = ("string", "number", "comma_delimited_list", "json", "boolean")
TRUE, FALSE = ("t", "true", "on", "y", "yes", "1"), ("f", "false", "off", "n", "no", "0")
HIDDEN = "******"
SCHEMA_KEYS = {"type", "label", "description", "default", "hidden", "constraints", "immutable", "tags"}


def parameter_values(template: Template, given: dict[str, Any], lookup: Lookup, strict: bool = True) -> dict[str, Any]:
    """Typed values of all parameters of a template.

    strict: whether a missing value is an error (else it is left out, as `validate` does).
    Raises ApiError 400 in Heat's words.
    """
    for name in given:
        if name not in template.parameters:
            raise parameter_unknown(name)
    values: dict[str, Any] = {}
    for name, schema in template.parameters.items():
        _check_schema(name, schema)
        if given.get(name) is not None:
            values[name] = _checked(name, schema, given[name], lookup)
        elif "default" in schema:
            values[name] = None if schema["default"] is None else _checked(name, schema, schema["default"], lookup)
        elif strict:
            raise parameter_missing(name)
    return values


def _check_schema(name: str, schema: Any) -> None:
    if not isinstance(schema, dict):
        found = type(schema).__name__
        raise ApiError(400, f"Invalid parameter {name}: expected dict, got {found}", "InvalidSchemaError")
    for key in schema:
        if key not in SCHEMA_KEYS:
            raise ApiError(400, f"Invalid key '{key}' for parameter ({name})", "InvalidSchemaError")
    if "type" not in schema:
        raise ApiError(400, f"Missing parameter type for parameter: {name}", "InvalidSchemaError")
    if schema["type"] not in TYPES:
        raise ApiError(400, f"Invalid type ({schema['type']})", "InvalidSchemaError")


def _checked(name: str, schema: dict[str, Any], raw: Any, lookup: Lookup) -> Any:
    try:
        value = typed(schema["type"], raw)
        for constraint in schema.get("constraints") or []:
            reason = broken(constraint, value, lookup)
            if reason:
                raise ValueError(reason)
    except (ValueError, TypeError) as error:
        raise invalid(f"Parameter '{name}' is invalid: {error}") from error
    return value


def typed(kind: str, raw: Any) -> Any:
    """A value as its parameter type has it; ValueError if it is not one."""
    if kind == "number":
        return number(raw)
    if kind == "boolean":
        return boolean(raw)
    if kind == "comma_delimited_list":
        return _comma_list(raw)
    if kind == "json":
        return _json(raw)
    if isinstance(raw, dict | list):
        raise ValueError("Value must be a string")
    return str(raw)


def number(raw: Any) -> int | float:
    """An integer where possible, else a float."""
    if isinstance(raw, int | float):
        return raw
    try:
        return int(raw)
    except ValueError:
        return float(raw)


def boolean(raw: Any) -> bool:
    """True or false, by OpenStack's usual words."""
    text = str(raw).strip().lower()
    if text not in TRUE + FALSE:
        words = ", ".join(f"'{word}'" for word in sorted(TRUE + FALSE))
        raise ValueError(f"Unrecognized value '{raw}', acceptable values are: {words}")
    return text in TRUE


def _comma_list(raw: Any) -> list[Any]:
    if isinstance(raw, list):
        return [item if isinstance(item, dict) else str(item) for item in raw]
    if not isinstance(raw, str):
        raise ValueError(f"Value must be a comma-delimited list string: {raw!r}")
    return [item.strip() for item in raw.split(",")] if raw else []


def _json(raw: Any) -> Any:
    if isinstance(raw, dict | list):
        return raw
    try:
        return json.loads(raw) if raw else {}
    except ValueError as error:
        raise ValueError(f"Value must be valid JSON: {error}") from error


def hidden(schema: dict[str, Any]) -> bool:
    """Whether a parameter's value must not be shown."""
    return str(schema.get("hidden", "false")).lower() == "true"


def shown(template: Template, values: dict[str, Any]) -> dict[str, str]:
    """Values as GET /stacks/{id} shows them: text, secrets masked."""
    return {
        name: HIDDEN if hidden(template.parameters.get(name, {})) else as_text(value)
        for name, value in values.items()
        if value is not None
    }


def as_text(value: Any) -> str:
    """A value as text, lists and maps as JSON."""
    return json.dumps(value) if isinstance(value, dict | list) else str(value)
