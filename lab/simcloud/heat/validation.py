"""Everything that can be known to be wrong before anything is made."""

from collections.abc import Mapping
from typing import Any

from lab.simcloud.errors import ApiError
from lab.simcloud.heat.constraints import Lookup, nothing_wrong
from lab.simcloud.heat.errors import bad_reference, invalid
from lab.simcloud.heat.functions import UNKNOWN, has_unknown, resolve
from lab.simcloud.heat.parameters import parameter_values
from lab.simcloud.heat.records import Stack
from lab.simcloud.heat.resources.nested import HeatResourceGroup, ProviderTemplate, numbered
from lab.simcloud.heat.resources.properties import checked_properties
from lab.simcloud.heat.resources.registry import resource_type, schema_of
from lab.simcloud.heat.scope import StackScope
from lab.simcloud.heat.template import Definition, Template, parse_template, references

MOST_DEPTH = 5
MOST_RESOURCES = 1000


class Validation:
    """Checks a stack and those nested in it; counts their resources."""

    def __init__(self, region: str, lookup: Lookup) -> None:
        self._region = region
        self._lookup = lookup

    def check(self, stack: Stack) -> int:
        """Raises ApiError 400 for the first thing that is wrong; answers the number of resources."""
        count = self._check(stack, stack.template, stack.parameters, 0)
        if count > MOST_RESOURCES:
            raise ApiError(403, "Maximum resources per stack exceeded.", "StackResourceLimitExceeded")
        return count

    def _check(self, stack: Stack, raw: Any, parameters: dict[str, Any], depth: int) -> int:
        if depth > MOST_DEPTH:
            raise ApiError(403, f"Recursion depth exceeds {MOST_DEPTH}.", "RequestLimitExceeded")
        template = parse_template(raw)
        values = parameter_values(template, parameters, self._lookup)
        scope = StackScope(stack, template, values, self._region, self._unmade, self._unmade_attribute(stack))
        self._check_references(template)
        check_cycles(template.resources)
        enabled = scope.enabled()
        count = sum(self._check_resource(stack, scope, definition, depth) for definition in enabled.values())
        for body in template.outputs.values():
            resolve(body["value"], scope)
        return count

    @staticmethod
    def _unmade(definition: Definition) -> Any:
        return UNKNOWN

    @staticmethod
    def _unmade_attribute(stack: Stack) -> Any:
        def attribute(definition: Definition, name: str | None) -> Any:
            check_attribute(stack, definition, name)
            return UNKNOWN

        return attribute

    @staticmethod
    def _check_references(template: Template) -> None:
        for name, definition in template.resources.items():
            for key, value in definition.properties.items():
                for target in references(value):
                    if target not in template.resources:
                        raise bad_reference(target, f"{name}.Properties.{key}")
            for target in definition.depends_on:
                if target not in template.resources:
                    raise bad_reference(target, name)
        for name, body in template.outputs.items():
            for target in references(body["value"]):
                if target not in template.resources:
                    raise bad_reference(target, f"outputs.{name}.value")

    def _check_resource(self, stack: Stack, scope: StackScope, definition: Definition, depth: int) -> int:
        kind = resource_type(definition.type, stack.files, stack.registry)
        given = scope.properties(definition)
        # Heat checks no values inside nested stacks before it makes them (`strict_validate`).
        lookup = nothing_wrong if depth else self._lookup
        values = checked_properties(definition.name, schema_of(kind), given, lookup)
        if isinstance(kind, ProviderTemplate):
            known = {key: None if has_unknown(value) else value for key, value in values.items()}
            return 1 + self._check_nested(stack, kind, known, depth)
        if isinstance(kind, HeatResourceGroup):
            return 1 + self._check_group(stack, values, depth)
        return 1

    def _check_nested(self, stack: Stack, kind: ProviderTemplate, known: dict[str, Any], depth: int) -> int:
        template = parse_template(kind.raw)
        for name, schema in template.parameters.items():
            if known.get(name) is None and "default" not in schema:
                template.parameters[name] = {k: v for k, v in schema.items() if k != "constraints"} | {"default": None}
        given = {key: value for key, value in known.items() if value is not None}
        values = parameter_values(template, given, nothing_wrong)
        unknown = {name: UNKNOWN for name in template.parameters if values.get(name) is None and name in known}
        return self._check_inside(stack, template, values | unknown, depth + 1)

    def _check_inside(self, stack: Stack, template: Template, values: dict[str, Any], depth: int) -> int:
        if depth > MOST_DEPTH:
            raise ApiError(403, f"Recursion depth exceeds {MOST_DEPTH}.", "RequestLimitExceeded")
        scope = StackScope(stack, template, values, self._region, self._unmade, self._unmade_attribute(stack))
        self._check_references(template)
        check_cycles(template.resources)
        return sum(self._check_resource(stack, scope, item, depth) for item in scope.enabled().values())

    def _check_group(self, stack: Stack, values: dict[str, Any], depth: int) -> int:
        body = values["resource_def"]
        if not isinstance(body, dict) or "type" not in body:
            raise invalid("Property error: resource_def: Property type not assigned")
        count: Any = values.get("count")
        if count is not UNKNOWN and int(count) < 0:
            raise invalid(f"Property error: count: {count} is out of range (min: 0, max: None)")
        raw = {
            "heat_template_version": "2021-04-16",
            "resources": {"0": numbered(_only_known(body), values["index_var"], "0")},
        }
        one = self._check_inside(stack, parse_template(raw), {}, depth + 1)
        return one * (1 if count is UNKNOWN else int(count))


def _only_known(body: dict[str, Any]) -> dict[str, Any]:
    """The definition of a member; values that are not known yet stay what they are."""
    return {key: body[key] for key in ("type", "properties", "metadata") if body.get(key)}


def check_attribute(stack: Stack, definition: Definition, name: str | None) -> None:
    """400 if the resource's type has no such attribute."""
    kind = resource_type(definition.type, stack.files, stack.registry)
    if name is None or kind.any_attribute or name in kind.attributes or name == "show":
        return
    message = f"The Referenced Attribute ({definition.name} {name}) is incorrect."
    raise ApiError(400, message, "InvalidTemplateAttribute")


def check_cycles(resources: Mapping[str, Definition]) -> None:
    """400 if resources need each other in a circle."""
    names = set(resources)
    left = {name: definition.requires(names) for name, definition in resources.items()}
    while left:
        ready = [name for name, needed in left.items() if not needed & set(left)]
        if not ready:
            shown = ", ".join(f"{name} requires {sorted(needed & set(left))}" for name, needed in left.items())
            raise ApiError(400, f"Circular Dependency Found: {{{shown}}}", "CircularDependencyException")
        for name in ready:
            del left[name]
