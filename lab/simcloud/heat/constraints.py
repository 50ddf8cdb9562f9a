"""Constraints of parameters: what they accept, and Heat's words when they do not."""

import re
from collections.abc import Callable
from typing import Any

Lookup = Callable[[str, str], str | None]


def nothing_wrong(constraint: str, value: str) -> str | None:
    """The lookup for values that were checked when they came, or that are not checked yet."""
    return None


def broken(constraint: dict[str, Any], value: Any, lookup: Lookup) -> str | None:
    """Why a value breaks one constraint of a parameter, or None.

    lookup: (constraint name, value) → why a custom constraint such as `nova.flavor` is broken.
    """
    for kind, check in CHECKS.items():
        if kind in constraint:
            reason = check(constraint[kind], value)
            return constraint.get("description") or reason if reason else None
    if "custom_constraint" in constraint:
        return lookup(str(constraint["custom_constraint"]), str(value))
    return None


def _range(limits: dict[str, Any], value: Any) -> str | None:
    low, high = limits.get("min"), limits.get("max")
    number = float(value)
    if (low is not None and number < float(low)) or (high is not None and number > float(high)):
        return f"{value} is out of range (min: {low}, max: {high})"
    return None


def _length(limits: dict[str, Any], value: Any) -> str | None:
    low, high, length = limits.get("min"), limits.get("max"), len(value)
    if (low is not None and length < int(low)) or (high is not None and length > int(high)):
        return f"length ({length}) is out of range (min: {low}, max: {high})"
    return None


def _modulo(rule: dict[str, Any], value: Any) -> str | None:
    step, offset = int(rule.get("step", 1)), int(rule.get("offset", 0))
    if int(float(value)) % step != offset:
        return f"{value} is not a multiple of {step} with an offset of {offset}"
    return None


def _allowed_values(allowed: list[Any], value: Any) -> str | None:
    candidates = value if isinstance(value, list) else [value]
    texts = {str(item) for item in allowed}
    for candidate in candidates:
        if candidate not in allowed and str(candidate) not in texts:
            return f'"{candidate}" is not an allowed value [{", ".join(str(item) for item in allowed)}]'
    return None


def _allowed_pattern(pattern: str, value: Any) -> str | None:
    if re.fullmatch(pattern, str(value)) is None:
        return f'"{value}" does not match pattern "{pattern}"'
    return None


CHECKS: dict[str, Callable[[Any, Any], str | None]] = {
    "range": _range,
    "length": _length,
    "modulo": _modulo,
    "allowed_values": _allowed_values,
    "allowed_pattern": _allowed_pattern,
}
