"""One OpenAPI document a listener, out of the documents of all services."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

Document = dict[str, Any]

_SCHEMA_PREFIX = "#/components/schemas/"
_SEEN_BY = {"public": ("public", "operator"), "operator": ("operator",)}
"""On which listeners a route of each exposure is; operators use the same nouns as customers."""


class CompositionError(Exception):
    """The documents don't fit together; one line each for everything that is wrong."""


def compose(documents: Sequence[Document]) -> dict[str, Document]:
    """Return the documents of the listeners ``public`` and ``operator``.

    Raises CompositionError when two services claim one route, one operation id, or one schema name for two things.
    """
    operations = sorted(_operations(documents), key=lambda found: (found[1], found[2]))
    wrong = [*_doubles(operations), *_schema_conflicts(documents)]
    if wrong:
        raise CompositionError("\n".join(wrong))
    schemas = {name: schema for document in documents for name, schema in _schemas(document).items()}
    return {listener: _document(listener, operations, schemas) for listener in ("public", "operator")}


def _operations(documents: Iterable[Document]) -> Iterator[tuple[str, str, str, Document]]:
    """Yield (service, path, method, operation) of what any listener shows."""
    for document in documents:
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if operation["x-exposure"] in _SEEN_BY:
                    yield document["info"]["x-service"], path, method, operation


def _document(listener: str, operations: Sequence[tuple[str, str, str, Document]], schemas: dict[str, Any]) -> Document:
    paths: dict[str, Any] = {}
    for service, path, method, operation in operations:
        if listener in _SEEN_BY[operation["x-exposure"]]:
            paths.setdefault(path, {})[method] = {**operation, "x-service": service}
    tags = sorted({tag for methods in paths.values() for one in methods.values() for tag in one.get("tags", ())})
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Cloudpoint {listener} API", "summary": _SUMMARIES[listener], "version": "1"},
        "tags": [{"name": tag} for tag in tags],
        "paths": paths,
        "components": {
            "schemas": {name: schemas[name] for name in sorted(_reachable(paths, schemas))},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


_SUMMARIES = {
    "public": "HPC clusters on bare metal, from blueprints.",
    "operator": "The floor: machines of all clouds, clusters of all projects.",
}


def _schemas(document: Document) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"]
    return found


def _doubles(operations: Sequence[tuple[str, str, str, Document]]) -> Iterator[str]:
    routes: dict[str, str] = {}
    names: dict[str, str] = {}
    for service, path, method, operation in operations:
        shape = "/".join("{}" if part.startswith("{") else part for part in path.split("/"))
        here = f"{service}: {method.upper()} {path}"
        for known, key in ((routes, f"{method} {shape}"), (names, f"operation id {operation['operationId']}")):
            if key in known:
                yield f"{here} has the same {'route' if known is routes else key} as {known[key]}"
            known.setdefault(key, here)


def _schema_conflicts(documents: Iterable[Document]) -> Iterator[str]:
    known: dict[str, tuple[str, Any]] = {}
    for document in documents:
        service = document["info"]["x-service"]
        for name, schema in _shown_schemas(document).items():
            owner, other = known.setdefault(name, (service, schema))
            if other != schema:
                yield f"{service}: the schema {name} differs from the one of {owner} with the same name"


def _shown_schemas(document: Document) -> dict[str, Any]:
    shown = [operation for _, _, _, operation in _operations([document])]
    schemas = _schemas(document)
    return {name: schemas[name] for name in _reachable(shown, schemas)}


def _reachable(start: Any, schemas: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for name in _references(waiting.pop()):
            if name not in found:
                found.add(name)
                waiting.append(schemas[name])
    return found


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        reference = value.get("$ref")
        if isinstance(reference, str) and reference.startswith(_SCHEMA_PREFIX):
            yield reference.removeprefix(_SCHEMA_PREFIX)
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)
