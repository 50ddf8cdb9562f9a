"""Reading HOT templates: sections, resource definitions, and what they refer to."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from lab.simcloud.errors import ApiError
from lab.simcloud.heat.errors import invalid

VERSIONS = {
    "2013-05-23": "2013-05-23",
    "2014-10-16": "2014-10-16",
    "2015-04-30": "2015-04-30",
    "2015-10-15": "2015-10-15",
    "2016-04-08": "2016-04-08",
    "2016-10-14": "2016-10-14",
    "newton": "2016-10-14",
    "2017-02-24": "2017-02-24",
    "ocata": "2017-02-24",
    "2017-09-01": "2017-09-01",
    "pike": "2017-09-01",
    "2018-03-02": "2018-03-02",
    "queens": "2018-03-02",
    "2018-08-31": "2018-08-31",
    "rocky": "2018-08-31",
    "2021-04-16": "2021-04-16",
    "wallaby": "2021-04-16",
}
SECTIONS = {
    "heat_template_version",
    "description",
    "parameter_groups",
    "parameters",
    "resources",
    "outputs",
    "conditions",
}
RESOURCE_KEYS = {
    "type",
    "properties",
    "metadata",
    "depends_on",
    "deletion_policy",
    "update_policy",
    "description",
    "external_id",
    "condition",
}
MOST_BYTES = 524288


class _Loader(yaml.CSafeLoader):
    """YAML whose dates stay text, so that `heat_template_version: 2021-04-16` needs no quotes."""


_Loader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
    for first, pairs in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def load_yaml(text: str) -> Any:
    """A YAML or JSON document; 400 if it is neither, or too large."""
    if len(text.encode()) > MOST_BYTES:
        raise ApiError(
            400,
            f"Request limit exceeded: Template size ({len(text.encode())} bytes) exceeds maximum allowed size "
            f"({MOST_BYTES} bytes).",
            "RequestLimitExceeded",
        )
    try:
        return yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, RecursionError) as error:
        message = f"Template not in valid format: Error parsing template [root stack] {_in_python_words(text, error)}"
        raise ApiError(400, message, "HTTPBadRequest") from error


def _in_python_words(text: str, error: Exception) -> str:
    """What PyYAML's own parser says, which Heat uses; libyaml's words are shorter."""
    try:
        yaml.load(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as found:
        return str(found)
    return str(error)


@dataclass(frozen=True)
class Definition:
    """One resource of a template."""

    name: str
    type: str
    properties: dict[str, Any]
    depends_on: tuple[str, ...] = ()
    condition: Any = None
    metadata: dict[str, Any] = field(default_factory=dict)
    deletion_policy: str = "Delete"

    def requires(self, known: set[str]) -> set[str]:
        """Names of the resources that must exist before this one."""
        found = {name for name in references(self.properties) if name in known}
        found |= {name for name in references(self.metadata) if name in known}
        return found | {name for name in self.depends_on if name in known}


@dataclass(frozen=True)
class Template:
    """A parsed template."""

    version: str
    description: str
    parameters: dict[str, Any]
    parameter_groups: list[Any]
    resources: dict[str, Definition]
    outputs: dict[str, dict[str, Any]]
    conditions: dict[str, Any]


def references(value: Any) -> Iterator[str]:
    """Names of resources that a value refers to."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if len(value) == 1 and key == "get_resource" and isinstance(inner, str):
                yield inner
            elif len(value) == 1 and key == "get_attr" and isinstance(inner, list) and inner:
                if isinstance(inner[0], str):
                    yield inner[0]
                yield from references(inner[1:])
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def parse_template(raw: Any) -> Template:
    """Checks the shape of a template; 400 in Heat's words if it is wrong."""
    if isinstance(raw, str):
        raw = load_yaml(raw)
    if not isinstance(raw, dict):
        message = "Template not in valid format: The template is not a JSON object or YAML mapping."
        raise ApiError(400, message, "HTTPBadRequest")
    if "heat_template_version" not in raw:
        message = "The template version is invalid: Template version was not provided"
        raise ApiError(400, message, "InvalidTemplateVersion")
    given = str(raw["heat_template_version"])
    if given not in VERSIONS:
        known = ", ".join(sorted(VERSIONS))
        raise ApiError(
            400,
            f'The template version is invalid: "heat_template_version: {given}". "heat_template_version" should be '
            f"one of: {known}",
            "InvalidTemplateVersion",
        )
    for section in raw:
        if section not in SECTIONS:
            raise ApiError(400, f"The template section is invalid: {section}", "StackValidationFailed")
    return Template(
        version=VERSIONS[given],
        description=str(raw.get("description") or "No description"),
        parameters=_section(raw, "parameters"),
        parameter_groups=list(raw.get("parameter_groups") or []),
        resources={str(name): _definition(str(name), body) for name, body in _section(raw, "resources").items()},
        outputs=_outputs(raw),
        conditions=_section(raw, "conditions"),
    )


def _section(raw: dict[str, Any], name: str) -> dict[str, Any]:
    value = raw.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        found = type(value).__name__
        raise invalid(f'"{name}" must contain a map of {name.rstrip("s")} maps. Found a [{found}] instead')
    return value


def _outputs(raw: dict[str, Any]) -> dict[str, dict[str, Any]]:
    outputs = _section(raw, "outputs")
    for name, body in outputs.items():
        if not isinstance(body, dict):
            raise invalid(f'"outputs" must contain a map of output maps. Found a [{type(body).__name__}] instead')
        if "value" not in body:
            raise invalid(f'Each output must contain a "value" key. (outputs.{name})')
    return outputs


def _definition(name: str, body: Any) -> Definition:
    if not isinstance(body, dict):
        raise invalid(f'"resources" must contain a map of resource maps. Found a [{type(body).__name__}] instead')
    for key in body:
        if key not in RESOURCE_KEYS:
            raise invalid(f'"{key}" is not a valid keyword inside a resource definition')
    kind = body.get("type")
    if kind is None:
        raise invalid(f"Resource {name} is missing a type.")
    if not isinstance(kind, str) or not kind:
        raise invalid(f'Resource "{name}" type is not a string')
    properties = body.get("properties") or {}
    if not isinstance(properties, dict):
        raise invalid(f'Resource "{name}" properties must be a map')
    depends = body.get("depends_on") or []
    wanted = body.get("deletion_policy")
    policy = "Delete" if isinstance(wanted, dict) else str(wanted or "Delete").capitalize()
    if policy not in ("Delete", "Retain", "Snapshot"):
        raise invalid(f'Invalid deletion policy "{body.get("deletion_policy")}"')
    return Definition(
        name=name,
        type=kind,
        properties=properties,
        depends_on=(depends,) if isinstance(depends, str) else tuple(str(item) for item in depends),
        condition=body.get("condition"),
        metadata=body.get("metadata") or {},
        deletion_policy=policy,
    )
