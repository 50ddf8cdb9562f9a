"""A readable page of an OpenAPI document: plain HTML, nothing loaded from anywhere."""

import base64
import hashlib
from html import escape
from typing import Any

_STYLE = """
:root{color-scheme:light dark;--line:#8884;--soft:#8882}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:60rem;padding:1rem}
nav ul{columns:3;padding-left:1rem}nav a{text-decoration:none}
section{border-top:1px solid var(--line);margin-top:2rem}
article{border:1px solid var(--line);border-radius:.5rem;margin:1rem 0;padding:.5rem 1rem}
h3{font:600 1rem ui-monospace,monospace;margin:.25rem 0;overflow-wrap:anywhere}
.method{background:var(--soft);border-radius:.25rem;padding:.1rem .4rem}
table{border-collapse:collapse;width:100%}
td{border-top:1px solid var(--line);padding:.2rem .5rem;text-align:left;vertical-align:top}
code{font-family:ui-monospace,monospace}.note{opacity:.75}
"""
PAGE_POLICY = (
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    + "'"
)
"""The page's Content-Security-Policy: its own style and nothing else."""
_SCHEMA_PREFIX = "#/components/schemas/"


def page_of(document: dict[str, Any]) -> str:
    """Return the page: operations by tag, then the schemas."""
    info = document["info"]
    tags = [tag["name"] for tag in document.get("tags", ())]
    sections = "".join(_section(tag, document["paths"]) for tag in tags)
    schemas = "".join(_schema(name, schema) for name, schema in document["components"]["schemas"].items())
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(info["title"])}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        f"<h1>{escape(info['title'])}</h1><p>{escape(info.get('summary', ''))} The same for programs: "
        f'<a href="/openapi.json">openapi.json</a> (OpenAPI {escape(document["openapi"])}).</p>'
        f"{_contents(tags)}{sections}<section><h2>Schemas</h2>{schemas}</section></body></html>"
    )


def _contents(tags: list[str]) -> str:
    links = "".join(f'<li><a href="#tag-{escape(tag)}">{escape(tag)}</a></li>' for tag in tags)
    return f"<nav><ul>{links}</ul></nav>"


def _section(tag: str, paths: dict[str, Any]) -> str:
    articles = "".join(
        _operation(path, method, operation)
        for path, methods in paths.items()
        for method, operation in methods.items()
        if tag in operation.get("tags", ())
    )
    return f'<section id="tag-{escape(tag)}"><h2>{escape(tag)}</h2>{articles}</section>'


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    description = operation.get("description", "")
    return (
        f'<article id="{escape(operation["operationId"])}">'
        f'<h3><span class="method">{method.upper()}</span> {escape(path)}</h3>'
        f"<p><strong>{escape(operation['summary'])}.</strong> {escape(description)}</p>"
        f'<p class="note">{escape(_who(operation))}</p>'
        f"{_parameters(operation.get('parameters', ()))}{_body(operation)}{_answers(operation)}</article>"
    )


def _who(operation: dict[str, Any]) -> str:
    if operation.get("security") == []:
        return "Anybody may call this."
    permission = operation.get("x-permission")
    return f"Needs the permission {permission}." if permission else "Needs a log-in."


def _parameters(parameters: Any) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(one['name'])}</code></td><td>{escape(one['in'])}"
        f"{', required' if one.get('required') else ''}</td><td>{_type(one['schema'])}</td></tr>"
        for one in parameters
    )
    return f"<table>{rows}</table>" if rows else ""


def _body(operation: dict[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    return "".join(f"<p>Body: {_type(one['schema'])}</p>" for one in content.values())


def _answers(operation: dict[str, Any]) -> str:
    lines = []
    for status, answer in operation["responses"].items():
        shown = ", ".join(
            f"{_type(one['schema'])} <span class=note>{escape(kind)}</span>"
            for kind, one in answer.get("content", {}).items()
        )
        lines.append(f"<li>{escape(status)}: {shown or escape(answer.get('description', ''))}</li>")
    return f"<ul>{''.join(lines)}</ul>"


def _schema(name: str, schema: dict[str, Any]) -> str:
    required = schema.get("required", [])
    rows = "".join(
        f"<tr><td><code>{escape(field)}</code></td><td>{'required' if field in required else ''}</td>"
        f"<td>{_type(inner)} {escape(inner.get('description', ''))}</td></tr>"
        for field, inner in schema.get("properties", {}).items()
    )
    table = f"<table>{rows}</table>" if rows else f"<p>{_type(schema)}</p>"
    return (
        f'<article id="schema-{escape(name)}"><h3>{escape(name)}</h3><p>{escape(schema.get("description", ""))}</p>'
        f"{table}</article>"
    )


def _type(schema: dict[str, Any]) -> str:
    """Return the type in a few words, with a link to a named one."""
    if reference := schema.get("$ref"):
        name = escape(str(reference).removeprefix(_SCHEMA_PREFIX))
        return f'<a href="#schema-{name}">{name}</a>'
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return " or ".join(_type(one) for one in schema[choice])
    if "enum" in schema:
        return " | ".join(f"<code>{escape(str(one))}</code>" for one in schema["enum"])
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {_type(schema.get('items') or {})}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"map of {_type(schema['additionalProperties'])}"
    limits = ", ".join(f"{name} {schema[name]}" for name in _LIMITS if name in schema)
    return escape(f"{kind} ({limits})" if limits else str(kind))


_LIMITS = ("format", "pattern", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "default")
