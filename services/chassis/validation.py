"""Decode what comes from outside into msgspec structs, and say everything that is wrong with it at once.

msgspec stops at the first error. The quick path is msgspec alone; only when it refuses is the value held against the
JSON Schema that msgspec derives from the same struct, which names every place.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar

import msgspec
from jsonschema.exceptions import ValidationError
from referencing import Registry
from referencing.exceptions import Unresolvable

from services.chassis.errors import FieldProblem, InvalidRequest, MalformedBody
from services.chassis.json_schema import LinearValidator

T = TypeVar("T")
_MOST_PROBLEMS = 100
_SEARCHED_BYTES = 64 * 1024
"""Above it only the first error is told: a JSON Schema is checked at 7 µs a byte, while nothing else is answered."""
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def decode_body(raw: bytes, wanted: type[T]) -> T:
    """Return ``raw`` (JSON) as ``wanted``.

    Raises MalformedBody for what is not JSON and InvalidRequest with every error for what is not a ``wanted``.
    """
    text = raw or b"null"
    try:
        found = msgspec.json.decode(text, type=wanted)
    except msgspec.ValidationError as error:
        value = _plain(text)
        if len(text) > _SEARCHED_BYTES:
            raise InvalidRequest("The body is not valid.", errors=(_from_msgspec(error),)) from error
        raise _refusal("The body is not valid.", value, wanted, error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedBody(f"The body can't be read as JSON: {error}.") from error
    _refuse_nul(text)
    return found


def _plain(text: bytes) -> Any:
    """Return any JSON; raises MalformedBody also for numbers that no field can hold."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedBody(f"The body can't be read as JSON: {error}.") from error


def _refuse_nul(text: bytes) -> None:
    """Raise MalformedBody for texts with the character NUL, which PostgreSQL keeps in no text."""
    if b"\0" in text or (b"\\u0000" in text and _NUL.search(text)):
        raise MalformedBody("The body holds the character NUL (\\u0000), which no text here may have.")


def convert_query(values: dict[str, Any], wanted: type[T]) -> T:
    """Return query parameters as ``wanted``; texts become numbers and booleans where the struct says so."""
    with_nul = tuple(
        FieldProblem(f"?{name}", "It holds the character NUL.") for name in values if _has_nul(values[name])
    )
    if with_nul:
        raise InvalidRequest("A query parameter is not valid.", errors=with_nul)
    try:
        return msgspec.convert(values, type=wanted, strict=False)
    except msgspec.ValidationError as error:
        problems = tuple(_query_problems(values, wanted, error))
        raise InvalidRequest("A query parameter is not valid.", errors=problems) from error


def convert_document(value: Any, wanted: type[T]) -> T:
    """Return a parsed document (such as a configuration file) as ``wanted``; raises InvalidRequest with all errors."""
    try:
        return msgspec.convert(value, type=wanted)
    except msgspec.ValidationError as error:
        raise _refusal("The document is not valid.", value, wanted, error) from error


def schema_problems(value: Any, schema: dict[str, Any], prefix: str = "") -> tuple[FieldProblem, ...]:
    """Return the differences between ``value`` and a JSON Schema (2020-12), each with its JSON pointer.

    A hundred at most. References reach no further than the schema: nothing is fetched.
    """
    validator = LinearValidator(schema, registry=Registry())
    leaves = (leaf for error in validator.iter_errors(value) for leaf in _leaves(error))
    try:
        return tuple(_problem(leaf, prefix) for leaf in islice(leaves, _MOST_PROBLEMS))
    except Unresolvable as error:
        return (FieldProblem(prefix, f"Its schema refers to {error.ref}, which the schema does not hold."),)
    except RecursionError:
        return (FieldProblem(prefix, "It is nested too deeply to be checked."),)


def _refusal(summary: str, value: Any, wanted: Any, error: msgspec.ValidationError) -> InvalidRequest:
    problems = schema_problems(value, _schema_of(wanted)) or (_from_msgspec(error),)
    return InvalidRequest(summary, errors=problems)


def _query_problems(values: dict[str, Any], wanted: Any, error: msgspec.ValidationError) -> Iterable[FieldProblem]:
    known = {field.encode_name for field in msgspec.structs.fields(wanted)}
    unknown = [name for name in values if name not in known]
    for name in unknown:
        yield FieldProblem(f"?{name}", "There is no such parameter.", _known(known))
    found = len(unknown)
    for field in msgspec.structs.fields(wanted):
        for problem in _field_problem(values, field):
            found += 1
            yield problem
    if not found:
        yield FieldProblem("?", str(error))


def _has_nul(value: str | list[str]) -> bool:
    return any("\0" in text for text in ([value] if isinstance(value, str) else value))


def _known(names: Iterable[str]) -> str | None:
    listed = ", ".join(sorted(names))
    return f"Known are: {listed}." if listed else None


def _field_problem(values: dict[str, Any], field: msgspec.structs.FieldInfo) -> Iterable[FieldProblem]:
    if field.encode_name not in values:
        if field.required:
            yield FieldProblem(f"?{field.encode_name}", "This parameter is required.")
        return
    try:
        msgspec.convert(values[field.encode_name], type=field.type, strict=False)
    except msgspec.ValidationError as error:
        yield FieldProblem(f"?{field.encode_name}", str(error))


@lru_cache(maxsize=512)
def _schema_of(wanted: Any) -> dict[str, Any]:
    return msgspec.json.schema(wanted)


def _leaves(error: ValidationError) -> Iterable[ValidationError]:
    """Return what is really wrong below an ``anyOf``: the branch that came nearest, else the error itself."""
    if error.validator not in ("anyOf", "oneOf") or not error.context:
        return (error,)
    branches: dict[Any, list[ValidationError]] = {}
    for inner in error.context:
        branches.setdefault(inner.schema_path[0], []).append(inner)
    meant = _meant(error, list(branches.values()))
    if meant:
        return [leaf for inner in meant for leaf in _leaves(inner)]
    deepest = max(branches.values(), key=lambda found: (max(len(e.path) for e in found), -len(found)))
    if max(len(inner.path) for inner in deepest) == 0 and len(branches) > 1:
        typed = [found for found in branches.values() if not any(e.validator == "type" for e in found)]
        return [leaf for inner in typed[0] for leaf in _leaves(inner)] if len(typed) == 1 else (error,)
    return [leaf for inner in deepest for leaf in _leaves(inner)]


def _meant(error: ValidationError, branches: list[list[ValidationError]]) -> list[ValidationError]:
    """Return what is wrong in the branch that the value's tag chose, or else with the tag; nothing without tags."""
    schema: Any = error.schema
    tag = schema.get("discriminator", {}).get("propertyName")
    if tag is None or not isinstance(error.instance, dict) or tag not in error.instance:
        return []
    chosen = [found for found in branches if not any(list(inner.relative_path) == [tag] for inner in found)]
    wrong_tag = [inner for inner in branches[0] if list(inner.relative_path) == [tag]]
    return chosen[0] if chosen else wrong_tag


def _problem(error: ValidationError, prefix: str) -> FieldProblem:
    pointer = prefix + "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in error.absolute_path)
    if error.validator == "additionalProperties":
        schema: Any = error.schema
        known = ", ".join(sorted(schema.get("properties", {})))
        return FieldProblem(pointer, _shorten(error.message), f"Known here are: {known}." if known else None)
    return FieldProblem(pointer, _shorten(error.message))


def _shorten(message: str) -> str:
    return message if len(message) <= 300 else f"{message[:200]} … {message[-80:]}"


def _from_msgspec(error: msgspec.ValidationError) -> FieldProblem:
    """Return msgspec's own words; its place ends at the first list or map, whose index it does not tell."""
    text, _, place = str(error).partition(" - at `")
    return FieldProblem(place.rstrip("`").removeprefix("$").partition("[")[0].replace(".", "/"), text)
