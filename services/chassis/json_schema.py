"""JSON Schema (2020-12) for schemas and values that others wrote: every check takes time linear in what it looks at.

Patterns are RE2's, which has no repetition that never ends (and so neither looks ahead nor refers back); arrays are
compared by what they encode to. How much there is to look at is :func:`unfolded_size`.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import jsonschema
import msgspec
import re2
from jsonschema.exceptions import ValidationError

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_LARGEST = 1_000_000
_SUBSCHEMAS = ("items", "contains", "additionalProperties", "propertyNames", "if", "then", "else", "not")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_MAPS = ("properties", "patternProperties", "dependentSchemas")
REFUSED_KEYWORDS = frozenset(
    {"$anchor", "$dynamicAnchor", "$dynamicRef", "$id", "$recursiveRef", "$vocabulary"}
    | {"unevaluatedItems", "unevaluatedProperties"}
)
"""Keywords that make what a schema means depend on more than the place where it stands."""


class BadPattern(ValueError):
    """A regular expression that RE2 does not take."""


class EndlessSchema(ValueError):
    """A schema that refers to itself without end, or to what it does not hold."""


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Any:
    """Return a pattern of RE2; raises BadPattern with the reason."""
    try:
        return re2.compile(pattern, _OPTIONS)
    except re2.error as error:
        reason = error.args[0] if error.args else "it is not valid"
        raise BadPattern(reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)) from error


def unfolded_size(schema: Any) -> int:
    """Return how many schemas ``schema`` has when each reference is written out, a million at most.

    Raises EndlessSchema for references in a circle, or to what is not there.
    """
    return _size(schema, schema, {}, frozenset())


def _size(schema: Any, root: Any, known: dict[str, int], within: frozenset[str]) -> int:
    if not isinstance(schema, Mapping):
        return 1
    total = 1 + sum(_size(inner, root, known, within) for inner in _inside(schema))
    reference = schema.get("$ref")
    if isinstance(reference, str):
        if not reference.startswith("#"):
            raise EndlessSchema(f"The reference {reference} leads elsewhere.")
        if reference in within:
            raise EndlessSchema(f"The reference {reference} leads back to itself.")
        if reference not in known:
            known[reference] = _size(_referred(root, reference), root, known, within | {reference})
        total += known[reference]
    return min(total, _LARGEST)


def _inside(schema: Mapping[str, Any]) -> Iterator[Any]:
    for keyword in _SUBSCHEMAS:
        if keyword in schema:
            yield schema[keyword]
    for keyword in _LISTS:
        found = schema.get(keyword)
        yield from found if isinstance(found, list) else ()
    for keyword in _MAPS:
        found = schema.get(keyword)
        yield from found.values() if isinstance(found, Mapping) else ()
    for keyword in ("enum", "const"):
        found = schema.get(keyword)
        yield from (True for _ in found) if isinstance(found, list | Mapping) else ()


def _referred(root: Any, reference: str) -> Any:
    place = root
    for part in reference.removeprefix("#").split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(place, Mapping) or name not in place:
            raise EndlessSchema(f"The reference {reference} leads nowhere.")
        place = place[name]
    return place


def _pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, str) and not compiled(pattern).search(value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, dict):
        for pattern, inner in patterns.items():
            for name in [name for name in value if compiled(pattern).search(name)]:
                yield from validator.descend(value[name], inner, path=name, schema_path=pattern)


def _additional_properties(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(value, dict):
        return
    patterns = [compiled(pattern) for pattern in schema.get("patternProperties", {})]
    known = schema.get("properties", {})
    extra = [name for name in value if name not in known and not any(one.search(name) for one in patterns)]
    if wanted is False and extra:
        told = ", ".join(repr(name) for name in sorted(extra))
        verb = "was" if len(extra) == 1 else "were"
        yield ValidationError(f"Additional properties are not allowed ({told} {verb} unexpected)")
    elif isinstance(wanted, dict):
        for name in extra:
            yield from validator.descend(value[name], wanted, path=name)


def _unique_items(_validator: Any, wanted: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if wanted is True and isinstance(value, list):
        encoded = {msgspec.json.encode(_whole(item), order="deterministic") for item in value}
        if len(encoded) < len(value):
            yield ValidationError(f"{value!r} has non-unique elements")


def _whole(value: Any) -> Any:
    """Return ``value`` with 1 for 1.0, which JSON Schema takes for the same."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return {name: _whole(item) for name, item in value.items()} if isinstance(value, dict) else value


LinearValidator: Any = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
    jsonschema.Draft202012Validator,
    {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "uniqueItems": _unique_items,
    },
)
