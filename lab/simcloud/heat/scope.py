"""Where a stack's functions look up names: parameters, resources, conditions and files."""

from collections.abc import Callable
from typing import Any

from lab.simcloud.errors import ApiError
from lab.simcloud.heat.errors import bad_reference, invalid, parameter_missing, property_error
from lab.simcloud.heat.functions import OMIT, condition_holds, resolve
from lab.simcloud.heat.records import Stack
from lab.simcloud.heat.template import Definition, Template

Reference = Callable[[Definition], Any]
Attribute = Callable[[Definition, str | None], Any]


class StackScope:
    """Names of one stack."""

    def __init__(
        self,
        stack: Stack,
        template: Template,
        values: dict[str, Any],
        region: str,
        reference: Reference,
        attribute: Attribute,
    ) -> None:
        """values: of the parameters. reference, attribute: of a resource that the template enables."""
        self.version = template.version
        self._stack = stack
        self._template = template
        self._values = values
        self._region = region
        self._reference = reference
        self._attribute = attribute
        self._conditions: dict[str, bool | None] = {}

    def parameter(self, name: str) -> Any:
        """A parameter, or a pseudo parameter."""
        pseudo = {
            "OS::stack_name": self._stack.name,
            "OS::stack_id": self._stack.id,
            "OS::project_id": self._stack.project_id,
            "OS::region": self._region,
        }
        if name in pseudo:
            return pseudo[name]
        if name not in self._template.parameters:
            raise parameter_missing(name)
        return self._values.get(name)

    def enabled(self) -> dict[str, Definition]:
        """The resources whose condition holds."""
        return {
            name: definition
            for name, definition in self._template.resources.items()
            if definition.condition is None or condition_holds(definition.condition, self)
        }

    def _definition(self, name: str) -> Definition | None:
        definition = self._template.resources.get(name)
        if definition is None:
            raise bad_reference(name, "")
        holds = definition.condition is None or condition_holds(definition.condition, self)
        return definition if holds else None

    def reference(self, name: str) -> Any:
        """What get_resource gives; None for a resource that is left out."""
        definition = self._definition(name)
        return self._reference(definition) if definition else None

    def attribute(self, name: str, attribute: str | None) -> Any:
        """What get_attr gives; None for a resource that is left out."""
        definition = self._definition(name)
        return self._attribute(definition, attribute) if definition else None

    def condition(self, name: str) -> bool:
        """A named condition."""
        if name not in self._template.conditions:
            raise invalid(f'Invalid condition "{name}"')
        if name in self._conditions and self._conditions[name] is None:
            raise invalid(f"Circular definition for condition {name}")
        known = self._conditions.get(name)
        if known is None:
            self._conditions[name] = None
            known = self._conditions[name] = condition_holds(self._template.conditions[name], self)
        return known

    def file(self, name: str) -> str:
        """A file sent along."""
        if name not in self._stack.files:
            raise ApiError(400, f'No content found in the "files" section for get_file path: {name}', "ValueError")
        return self._stack.files[name]

    def properties(self, definition: Definition) -> dict[str, Any]:
        """A resource's properties, resolved."""
        resolved = {key: self._property(definition, key, value) for key, value in definition.properties.items()}
        return {key: value for key, value in resolved.items() if value is not OMIT}

    def _property(self, definition: Definition, key: str, value: Any) -> Any:
        try:
            return resolve(value, self)
        except ApiError as error:
            if error.kind != "UserParameterMissing":
                raise
            raise property_error(definition.name, key, error.message) from error
