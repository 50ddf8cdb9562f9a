"""Decode what comes from outside into msgspec structs, and say everything that is wrong with it at once.

msgspec stops at the first error. The quick path is msgspec alone; only when it refuses is the value held against the
JSON Schema that msgspec derives from the same struct, which names every place.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, TypeVar

import jsonschema
import msgspec
from jsonschema.exceptions import ValidationError

from services.chassis.errors import FieldProblem, InvalidRequest, MalformedBody

T = TypeVar("T")


def decode_body(raw: bytes, wanted: type[T]) -> T:
    """Return ``raw`` (JSON) as ``wanted``.

    Raises MalformedBody for what is not JSON and InvalidRequest with every error for what is not a ``wanted``.
    """
    try:
        return msgspec.json.decode(raw or b"null", type=wanted)
    except msgspec.ValidationError as error:
        value = msgspec.json.decode(raw or b"null")
        raise _refusal("The body is not valid.", value, wanted, error) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise MalformedBody(f"The body can't be read as JSON: {error}.") from error


def convert_query(values: dict[str, Any], wanted: type[T]) -> T:
    """Return query parameters as ``wanted``; texts become numbers and booleans where the struct says so."""
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
    """Return every difference between ``value`` and a JSON Schema (2020-12), each with its JSON pointer."""
    validator = jsonschema.Draft202012Validator(schema)
    leaves = (leaf for error in validator.iter_errors(value) for leaf in _leaves(error))
    return tuple(_problem(leaf, prefix) for leaf in leaves)


def _refusal(summary: str, value: Any, wanted: Any, error: msgspec.ValidationError) -> InvalidRequest:
    problems = schema_problems(value, _schema_of(wanted)) or (_from_msgspec(error),)
    return InvalidRequest(summary, errors=problems)


def _query_problems(values: dict[str, Any], wanted: Any, error: msgspec.ValidationError) -> Iterable[FieldProblem]:
    known = {field.encode_name for field in msgspec.structs.fields(wanted)}
    unknown = [name for name in values if name not in known]
    for name in unknown:
        yield FieldProblem(f"?{name}", "There is no such parameter.", f"Known are: {', '.join(sorted(known))}.")
    for field in msgspec.structs.fields(wanted):
        if field.encode_name in values:
            yield from _field_problem(values[field.encode_name], field)


def _field_problem(value: Any, field: msgspec.structs.FieldInfo) -> Iterable[FieldProblem]:
    try:
        msgspec.convert(value, type=field.type, strict=False)
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
    deepest = max(branches.values(), key=lambda found: (max(len(e.path) for e in found), -len(found)))
    if max(len(inner.path) for inner in deepest) == 0 and len(branches) > 1:
        typed = [found for found in branches.values() if not any(e.validator == "type" for e in found)]
        return [leaf for inner in typed[0] for leaf in _leaves(inner)] if len(typed) == 1 else (error,)
    return [leaf for inner in deepest for leaf in _leaves(inner)]


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
    text, _, place = str(error).partition(" - at `")
    pointer = place.rstrip("`").removeprefix("$").replace("[", "/").replace("]", "").replace(".", "/")
    return FieldProblem(pointer, text)
