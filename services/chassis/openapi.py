"""OpenAPI 3.1 documents from route tables and msgspec structs; what is not declared can't be documented."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from services.chassis.errors import ProblemDocument
from services.chassis.routing import Route, RouteTable

_REF = "#/components/schemas/{name}"
VERSION = "1"


def document_of(name: str, summary: str, tables: Sequence[RouteTable]) -> dict[str, Any]:
    """Return the OpenAPI document of all routes of ``tables``, those of every exposure, marked with ``x-exposure``."""
    routes = [(table.tag, route) for table in tables for route in table.routes]
    schemas, components = msgspec.json.schema_components(_types(route for _, route in routes), ref_template=_REF)
    by_type = dict(zip(map(repr, _types(route for _, route in routes)), schemas, strict=True))
    queries, referred = _query_schemas([route for _, route in routes])
    paths: dict[str, dict[str, Any]] = {}
    for tag, route in sorted(routes, key=lambda pair: (pair[1].path, pair[1].method)):
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(tag, route, by_type, queries)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Cloudpoint {name}", "summary": summary, "version": VERSION, "x-service": name},
        "paths": paths,
        "components": {
            "schemas": dict(sorted((referred | components).items())),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _types(routes: Iterable[Route]) -> list[Any]:
    found: dict[str, Any] = {repr(ProblemDocument): ProblemDocument}
    for route in routes:
        for wanted in (route.body, route.answer):
            if wanted not in (None, bytes):
                found[repr(wanted)] = wanted
    return list(found.values())


def _operation(tag: str, route: Route, by_type: dict[str, Any], queries: dict[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [tag],
        "parameters": [*_path_parameters(route), *_query_parameters(route, queries), *_header_parameters(route)],
        "responses": _responses(route, by_type),
        "security": [] if route.open else [{"token": []}],
        "x-exposure": route.exposure.value,
    }
    if route.description:
        operation["description"] = route.description
    if route.permission:
        operation["x-permission"] = route.permission
    if route.callers:
        operation["x-callers"] = list(route.callers)
    if route.stream:
        operation["x-stream"] = True
    if route.socket:
        operation["x-socket"] = True
    if route.body_bytes:
        operation["x-body-bytes"] = route.body_bytes
    if route.body is not None:
        raw = {
            "application/octet-stream": {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
        }
        content = raw if route.body is bytes else {"application/json": {"schema": by_type[repr(route.body)]}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    names = re.findall(r"{(\w+)}", route.path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query_schemas(routes: Sequence[Route]) -> tuple[dict[Any, Any], dict[str, Any]]:
    """Return the schema of each query struct, and the components that they refer to."""
    wanted = [*dict.fromkeys(route.query for route in routes)]
    refs, components = msgspec.json.schema_components(wanted, ref_template=_REF)
    names = [ref["$ref"].rsplit("/", 1)[-1] for ref in refs]
    own = {query: components[name] for query, name in zip(wanted, names, strict=True)}
    return own, {name: schema for name, schema in components.items() if name not in names}


def _query_parameters(route: Route, queries: dict[Any, Any]) -> list[dict[str, Any]]:
    own = queries[route.query]
    wanted = own.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in wanted, "schema": inner}
        for name, inner in own["properties"].items()
    ]


def _header_parameters(route: Route) -> list[dict[str, Any]]:
    if route.method != "POST" or route.open:
        return []
    wanted = route.needs_idempotency_key
    return [{"name": "Idempotency-Key", "in": "header", "required": wanted, "schema": {"type": "string"}}]


def _responses(route: Route, by_type: dict[str, Any]) -> dict[str, Any]:
    good: dict[str, Any] = {"description": route.summary}
    if route.answer is not None:
        good["content"] = {"application/json": {"schema": by_type[repr(route.answer)]}}
    elif route.stream:
        good["content"] = {"text/event-stream": {"schema": {"type": "string"}}}
    problem = {"application/problem+json": {"schema": by_type[repr(ProblemDocument)]}}
    return {str(route.status): good, "default": {"description": "A problem", "content": problem}}
