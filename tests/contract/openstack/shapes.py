"""The shape of a JSON value: its keys and the types below them, so that two clouds' answers can be compared.

A shape is JSON itself: a text such as ``id``, ``time Z`` or ``null | text`` for a plain value, an object for an object
(a key that is not always there ends with ``?``), a list of one shape for a list, ``{"one of": […]}`` for what is
sometimes an object or a list and sometimes not.
"""

import re
from collections.abc import Iterable
from typing import Any

EITHER = "one of"
_KINDS = (
    ("id", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    ("hex id", r"[0-9a-f]{32}"),
    ("time µs Z", r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z"),
    ("time µs", r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}"),
    ("time Z", r"\d{4}-\d\d-\d\dT[\d:]{8}Z"),
    ("time offset", r"\d{4}-\d\d-\d\dT[\d:]{8}(\.\d{6})?[+-]\d\d:\d\d"),
    ("time", r"\d{4}-\d\d-\d\dT[\d:]{8}"),
    ("mac", r"[0-9a-f]{2}(:[0-9a-f]{2}){5}"),
    ("ipv4", r"\d{1,3}(\.\d{1,3}){3}"),
    ("url", r"https?://\S*"),
)


def shape_of(value: Any, exact: Iterable[str] = (), free: Iterable[str] = ()) -> Any:
    """Return the shape; texts below the keys ``exact`` keep their value, objects below ``free`` are only ``map``."""
    return _shape(value, None, frozenset(exact), frozenset(free))


def _shape(value: Any, key: str | None, exact: frozenset[str], free: frozenset[str]) -> Any:
    if isinstance(value, dict):
        if key in free:
            return "map"
        return {name: _shape(inner, name, exact, free) for name, inner in sorted(value.items())}
    if isinstance(value, list):
        whole: Any = None
        for item in value:
            whole = merged(whole, _shape(item, key, exact, free))
        return [] if whole is None else [whole]
    return _plain(value, key in exact)


def _plain(value: Any, exact: bool) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if exact:
        return f"={value}"
    return next((name for name, pattern in _KINDS if re.fullmatch(pattern, value)), "text" if value else "empty")


def merged(first: Any, second: Any) -> Any:
    """Return the shape of what may look like either."""
    if first is None or first == second:
        return second
    if second is None:
        return first
    if isinstance(first, dict) and isinstance(second, dict) and EITHER not in first and EITHER not in second:
        return _merged_objects(first, second)
    if isinstance(first, list) and isinstance(second, list):
        return [merged(one, two) for one, two in zip(first or second, second or first, strict=True)]
    if isinstance(first, str) and isinstance(second, str):
        return " | ".join(sorted({*first.split(" | "), *second.split(" | ")}))
    return {EITHER: _merged_kinds([*_choices(first), *_choices(second)])}


def _merged_objects(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    one, two = ({key.removesuffix("?"): key for key in shape} for shape in (first, second))
    whole: dict[str, Any] = {}
    for name in sorted({*one, *two}):
        both = one.get(name) == two.get(name) == name
        whole[name if both else f"{name}?"] = merged(first.get(one.get(name, "")), second.get(two.get(name, "")))
    return whole


def _choices(shape: Any) -> list[Any]:
    return list(shape[EITHER]) if isinstance(shape, dict) and EITHER in shape else [shape]


def _merged_kinds(shapes: list[Any]) -> list[Any]:
    kinds: dict[type, Any] = {}
    for shape in shapes:
        kinds[type(shape)] = merged(kinds.get(type(shape)), shape)
    return [kinds[kind] for kind in (str, dict, list) if kind in kinds]


def differences(seen: Any, expected: Any, path: str = "$") -> list[str]:
    """Return what is in ``seen`` that ``expected`` does not allow, a line each, and what is missing."""
    if isinstance(expected, dict) and EITHER in expected:
        tries = [differences(seen, choice, path) for choice in _choices(expected) if type(choice) is type(seen)]
        return tries[0] if tries else [f"{path}: {_name(seen)} instead of {_name(expected)}"]
    if type(seen) is not type(expected):
        return [f"{path}: {_name(seen)} instead of {_name(expected)}"]
    if isinstance(expected, dict):
        return _differences_of_objects(seen, expected, path)
    if isinstance(expected, list):
        return differences(seen[0], expected[0], f"{path}[]") if seen and expected else []
    extra = sorted({*seen.split(" | ")} - {*expected.split(" | ")})
    return [f"{path}: {' | '.join(extra)} instead of {expected}"] if extra else []


def _differences_of_objects(seen: dict[str, Any], expected: dict[str, Any], path: str) -> list[str]:
    found = []
    known = {key.removesuffix("?"): key for key in expected}
    mine = {key.removesuffix("?"): key for key in seen}
    for name in sorted({*known, *mine}):
        if name not in known:
            found.append(f"{path}.{name}: not expected")
        elif name not in mine:
            found += [] if known[name].endswith("?") else [f"{path}.{name}: missing"]
        else:
            found += differences(seen[mine[name]], expected[known[name]], f"{path}.{name}")
    return found


def _name(shape: Any) -> str:
    return shape if isinstance(shape, str) else "an object" if isinstance(shape, dict) else "a list"
