"""What a request for a stack says: template, files, environment and parameters, put together."""

import json
from typing import Any

from lab.simcloud.errors import ApiError, bad_request
from lab.simcloud.heat.template import load_yaml, parse_template

ENVIRONMENT_SECTIONS = {
    "parameters",
    "parameter_defaults",
    "resource_registry",
    "encrypted_param_names",
    "event_sinks",
    "parameter_merge_strategies",
}


def definition_of(body: dict[str, Any], present: dict[str, Any] | None = None) -> dict[str, Any]:
    """The fields of a stack out of a request body.

    present: for an update by PATCH, the fields as they are now, which then hold for what the body leaves out.
    Raises ApiError 400.
    """
    files = {str(key): _file_text(value) for key, value in (body.get("files") or {}).items()}
    raw = body.get("template")
    if raw is None and body.get("template_url"):
        raise bad_request("Could not retrieve template: URL references are not supported", "HTTPBadRequest")
    if raw is None and present is None:
        raise bad_request("No template specified", "HTTPBadRequest")
    template = load_yaml(raw) if isinstance(raw, str) else raw
    if template is None and present is not None:
        template, files = present["template"], present["files"] | files
    environment = _environment(body, files)
    known = parse_template(template).parameters
    defaults = {k: v for k, v in (environment.get("parameter_defaults") or {}).items() if k in known}
    parameters = defaults | (environment.get("parameters") or {}) | (body.get("parameters") or {})
    registry = _registry(environment)
    if present is not None:
        kept = {k: v for k, v in present["parameters"].items() if k not in (body.get("clear_parameters") or [])}
        parameters, registry = kept | parameters, present["registry"] | registry
        parameters = {key: value for key, value in parameters.items() if key in known or key not in kept}
    return {
        "template": template,
        "files": files,
        "parameters": parameters,
        "registry": registry,
        "environment": environment,
    }


def _file_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _environment(body: dict[str, Any], files: dict[str, str]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for name in body.get("environment_files") or []:
        if name not in files:
            raise bad_request(f"Environment file {name} is not among the files", "HTTPBadRequest")
        merged = _merged(merged, _parsed_environment(files[name]))
    return _merged(merged, _parsed_environment(body.get("environment") or {}))


def _parsed_environment(raw: Any) -> dict[str, Any]:
    parsed = load_yaml(raw) if isinstance(raw, str) else raw
    if parsed is None:
        return {}
    if not isinstance(parsed, dict):
        raise ApiError(400, "The environment is not a valid YAML mapping data type.", "HTTPBadRequest")
    for section in parsed:
        if section not in ENVIRONMENT_SECTIONS:
            raise ApiError(400, f'environment has wrong section "{section}"', "HTTPBadRequest")
    return parsed


def _merged(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    merged = dict(first)
    for section, value in second.items():
        merged[section] = merged.get(section, {}) | value if isinstance(value, dict) else value
    return merged


def _registry(environment: dict[str, Any]) -> dict[str, str]:
    raw = environment.get("resource_registry") or {}
    base = str(raw.get("base_url") or "")
    return {
        str(name): str(target) if "::" in str(target) or "://" in str(target) or not base else f"{base}/{target}"
        for name, target in raw.items()
        if name not in ("base_url", "resources") and isinstance(target, str)
    }


def tags_of(body: dict[str, Any]) -> list[str]:
    """The tags of a request: a list, or text with commas."""
    raw = body.get("tags") or []
    return [tag for tag in raw.split(",") if tag] if isinstance(raw, str) else [str(tag) for tag in raw]


def timeout_of(body: dict[str, Any]) -> int | None:
    """The time-out in minutes; 400 if it is no positive number."""
    raw = body.get("timeout_mins")
    if raw is None:
        return None
    if not str(raw).isdigit() or int(raw) < 1:
        raise bad_request("Only integer is acceptable by 'timeout_mins'.", "HTTPBadRequest")
    return int(raw)
