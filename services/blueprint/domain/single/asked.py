"""What a template asks for as parameters of a blueprint: HOT's types and constraints as JSON Schema.

Source: Heat's template guide, "HOT specification", sections "Parameters section" and "Parameter constraints".
"""

import json
from collections.abc import Iterator
from typing import Any

from services.blueprint.domain.single.template import Template
from services.blueprint.domain.yaml_document import read_yaml
from services.chassis.json_schema import BadPattern, compiled
from services.chassis.validation import schema_problems
from services.contracts.blueprint import Finding

_TYPES: dict[str, Any] = {
    "string": "string",
    "number": "number",
    "boolean": "boolean",
    "json": ["object", "array"],
    "comma_delimited_list": "array",
}
_MOST_PARTS = 1000
_TRUE, _FALSE = ("t", "true", "on", "y", "yes", "1"), ("f", "false", "off", "n", "no", "0")
_SIZES = {
    "string": (("minLength", "maxLength"),),
    "comma_delimited_list": (("minItems", "maxItems"),),
    "json": (("minItems", "maxItems"), ("minProperties", "maxProperties")),
}


def asked_findings(template: Template, name: str, *, whole_number: bool) -> Iterator[Finding]:
    """Yield what keeps a parameter from being one of a blueprint."""
    given, place = template.section("parameters")[name], f"/parameters/{name}"
    if str(given.get("hidden", False)).lower() in _TRUE:
        hint = "Let the template make it by OS::Heat::RandomString, or leave hidden out."
        yield template.finding(f"{place}/hidden", f"The parameter {name} is hidden, and plans show parameters.", hint)
    wrong_patterns = list(_pattern_findings(template, name))
    yield from wrong_patterns
    try:
        schema = schema_of(name, given, whole_number=whole_number)
    except ValueError:
        yield template.finding(f"{place}/default", f"The default of {name} is no value of type {given['type']}.")
        return
    for problem in schema_problems(schema["default"], schema) if "default" in schema and not wrong_patterns else ():
        hint = "Heat refuses it too: the default must keep the constraints."
        yield template.finding(f"{place}/default", f"The default of {name} is not taken: {problem.message}", hint)


def _pattern_findings(template: Template, name: str) -> Iterator[Finding]:
    for index, constraint in enumerate(template.section("parameters")[name].get("constraints") or []):
        if "allowed_pattern" in constraint and (reason := _wrong_pattern(constraint["allowed_pattern"])):
            hint = "Use a regular expression as RE2 takes it: without looking ahead, and without references back."
            message = f"The pattern of {name} is not taken: {reason}."
            yield template.finding(f"/parameters/{name}/constraints/{index}", message, hint)


def schema_of(name: str, given: dict[str, Any], *, whole_number: bool) -> dict[str, Any]:
    """Return a parameter as a JSON Schema with hints for forms; ``whole_number`` for one that counts machines."""
    schema: dict[str, Any] = {
        "title": str(given.get("label") or name),
        "description": _description(name, given),
        "type": "integer" if whole_number else _TYPES[given["type"]],
        "x-on-change": "rebuild",
    }
    if given["type"] == "comma_delimited_list":
        schema["items"] = {"type": "string"}
    for constraint in given.get("constraints") or []:
        _constrain(schema, given["type"], constraint)
    default = _value(given["type"], given.get("default"))
    return schema if default is None else {**schema, "default": default}


def bounds(given: dict[str, Any]) -> tuple[int, int | None]:
    """Return how many machines a parameter that counts them allows: at least, and at most."""
    least, most = 0, None
    for constraint in given.get("constraints") or []:
        limits = constraint.get("range", {})
        least = max(least, int(float(limits.get("min", 0))))
        most = int(float(limits["max"])) if "max" in limits else most
    return least, most


def _description(name: str, given: dict[str, Any]) -> str:
    words = [str(given.get("description") or f"The template's parameter {name}.")]
    for constraint in given.get("constraints") or []:
        if "custom_constraint" in constraint:
            words.append(f"It is there at the cloud ({constraint['custom_constraint']}).")
        words.append(str(constraint.get("description") or ""))
    return " ".join(filter(None, words))


def _constrain(schema: dict[str, Any], kind: str, constraint: dict[str, Any]) -> None:
    """Add a constraint to a schema; what JSON Schema can't say, Heat checks."""
    if "length" in constraint:
        for keywords in _SIZES.get(kind, ()):
            _limit(schema, keywords, constraint["length"])
    elif "range" in constraint and kind == "number":
        _limit(schema, ("minimum", "maximum"), constraint["range"])
    elif "modulo" in constraint and kind == "number" and not _number(constraint["modulo"].get("offset", 0)):
        step = _number(constraint["modulo"].get("step", 0))
        schema |= {"multipleOf": step} if step > 0 else {}
    elif "allowed_values" in constraint:
        allowed = [_member(kind, value) for value in constraint["allowed_values"]]
        (schema["items"] if kind == "comma_delimited_list" else schema)["enum"] = allowed
    elif "allowed_pattern" in constraint:
        schema["pattern"] = _pattern(constraint["allowed_pattern"])


def _limit(schema: dict[str, Any], keywords: tuple[str, str], limits: dict[str, Any]) -> None:
    for key, keyword in zip(("min", "max"), keywords, strict=True):
        if key in limits:
            schema[keyword] = _number(limits[key])


def _pattern(given: str) -> str:
    """Return a pattern that holds for the whole text, as Heat has it."""
    return f"^(?:{given})$"


def _wrong_pattern(given: str) -> str | None:
    try:
        compiled(_pattern(given))
    except BadPattern as error:
        return str(error)
    return None


def _member(kind: str, value: Any) -> Any:
    try:
        return str(value) if kind == "comma_delimited_list" else _value(kind, value)
    except ValueError:
        return value


def _value(kind: str, given: Any) -> Any:
    """Return a default as JSON has it; raises ValueError if it is none of that type."""
    if given is None:
        return None
    if kind == "number":
        return _number(given)
    if kind == "boolean":
        return _truth(given)
    if kind == "json":
        value = _read(given) if isinstance(given, str) and given else given or {}
        if not isinstance(value, dict | list):
            raise ValueError("no mapping and no list")
        return value
    if kind == "comma_delimited_list":
        parts = given if isinstance(given, list) else str(given).split(",") if str(given) else []
        if len(parts) > _MOST_PARTS:
            raise ValueError("too many parts")
        return [str(part).strip() for part in parts]
    if isinstance(given, dict | list):
        raise ValueError("no text")
    return str(given)


def _read(text: str) -> Any:
    """Return what a text of JSON says, which keeps the limits of YAML; raises ValueError."""
    read_yaml(text)
    return json.loads(text, parse_constant=_number)


def _number(given: Any) -> int | float:
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise ValueError("no number")
    number = float(given)
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError("no finite number")
    return int(number) if number == int(number) else number


def _truth(given: Any) -> bool:
    text = str(given).strip().lower()
    if text not in _TRUE + _FALSE:
        raise ValueError("neither true nor false")
    return text in _TRUE
