"""Checks resolved properties against a resource type's schema."""

from collections.abc import Mapping
from typing import Any

from lab.simcloud.heat.constraints import Lookup
from lab.simcloud.heat.errors import property_error
from lab.simcloud.heat.functions import UNKNOWN, has_unknown
from lab.simcloud.heat.parameters import boolean, number
from lab.simcloud.heat.resources.resource import Property


def checked_properties(
    resource: str, schema: Mapping[str, Property], given: dict[str, Any], lookup: Lookup
) -> dict[str, Any]:
    """Typed values of all properties that have one; 400 in Heat's words for what is wrong.

    Values that are not known yet pass.
    """
    for key in given:
        if key not in schema:
            raise property_error(resource, "", f"Unknown Property {key}")
    values: dict[str, Any] = {}
    for key, prop in schema.items():
        value = given.get(key)
        if value is None:
            if prop.required:
                raise property_error(resource, "", f"Property {key} not assigned")
            value = prop.default
        if value is not None:
            values[key] = _checked(resource, key, prop, value, lookup)
    return values


def _checked(resource: str, key: str, prop: Property, value: Any, lookup: Lookup) -> Any:
    if value is UNKNOWN:
        return value
    try:
        value = _typed(prop.kind, value)
    except (ValueError, TypeError) as error:
        raise property_error(resource, key, str(error)) from error
    if has_unknown(value):
        return value
    if prop.allowed and value not in prop.allowed:
        allowed = ", ".join(prop.allowed)
        raise property_error(resource, key, f'"{value}" is not an allowed value [{allowed}]')
    if prop.constraint and (reason := lookup(prop.constraint, str(value))):
        raise property_error(resource, key, reason)
    return value


def _typed(kind: str, value: Any) -> Any:
    if kind == "string":
        if isinstance(value, dict | list):
            raise ValueError("Value must be a string")
        return str(value)
    if kind in ("integer", "number"):
        converted = number(value)
        if kind == "integer" and int(converted) != converted:
            raise ValueError(f"Value '{value}' is not an integer")
        return int(converted) if kind == "integer" else converted
    if kind == "boolean":
        return boolean(value)
    if kind == "map" and not isinstance(value, dict):
        raise TypeError(f'"{value}" is not a map')
    if kind == "list" and not isinstance(value, list):
        raise TypeError(f'"{value}" is not a list')
    return value
