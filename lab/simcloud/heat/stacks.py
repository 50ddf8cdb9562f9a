"""Heat's tables and what is read from them: stacks, their resources, events, and values worked out from them."""

import sqlite3
from typing import Any

from lab.simcloud.caller import Caller
from lab.simcloud.clock import stamp
from lab.simcloud.errors import ApiError
from lab.simcloud.heat.constraints import nothing_wrong
from lab.simcloud.heat.functions import UNKNOWN, follow, has_unknown, resolve
from lab.simcloud.heat.parameters import parameter_values
from lab.simcloud.heat.records import Stack, StackEvent, StackResource
from lab.simcloud.heat.resources.registry import resource_type
from lab.simcloud.heat.resources.resource import NestedStacks, Services, Work
from lab.simcloud.heat.scope import StackScope
from lab.simcloud.heat.template import Definition, Template, parse_template
from lab.simcloud.heat.validation import check_attribute
from lab.simcloud.store import Table, new_id

RESOURCE_INDEXES = ("stack_id", "physical_id")
STACK_INDEXES = ("name", "project_id", "parent_id", "status")
# The width of Heat's column.
MOST_OF_A_REASON = 255


def _made_up_name(stack: Stack, row: StackResource) -> str:
    """The name that Heat makes up for a resource, and shows in events as long as there is nothing behind it."""
    return f"{stack.name}-{row.name}-{row.id.replace('-', '')[:12]}"


def caller_of_stack(stack: Stack) -> Caller:
    """Whom Heat acts for, as its trust would say."""
    return Caller(
        user_id=stack.user_id,
        user_name=stack.user_name,
        methods=("token",),
        roles=frozenset(stack.roles),
        project_id=stack.project_id,
    )


class Stacks:
    """Reading and writing of stacks."""

    def __init__(self, database: sqlite3.Connection, services: Services) -> None:
        self.table = Table(database, "stacks", Stack, STACK_INDEXES, ("project_id", "name"), ("deleted", "action"))
        self.resources = Table(
            database, "stack_resources", StackResource, RESOURCE_INDEXES, ("stack_id", "name"), ("retired",)
        )
        self.events = Table(database, "stack_events", StackEvent, ("stack_id",), filtered=("resource_name",))
        self.services = services
        self.region = services.config.name
        self.nested: NestedStacks

    def rows(self, stack_id: str) -> dict[str, StackResource]:
        """The current resources of a stack by name."""
        return {row.name: row for row in self.resources.find(stack_id=stack_id, retired=False)}

    def children(self, stack: Stack) -> list[Stack]:
        """Stacks nested directly in this one."""
        return self.table.find(parent_id=stack.id, deleted=False)

    def template(self, stack: Stack) -> Template:
        """The stack's template, parsed."""
        return parse_template(stack.template)

    def values(self, stack: Stack, template: Template) -> dict[str, Any]:
        """The values of its parameters."""
        return parameter_values(template, stack.parameters, nothing_wrong, strict=False)

    def work(self, stack: Stack, row: StackResource, properties: dict[str, Any] | None = None) -> Work:
        """A resource, ready to be worked on."""
        return Work(
            services=self.services,
            caller=caller_of_stack(stack),
            stack=stack,
            record=row,
            properties=row.properties if properties is None else properties,
            save=lambda: self._save_row(row),
            nested=self.nested,
            previous=row.properties,
            taken=lambda: self._is_taken(stack),
        )

    def _is_taken(self, stack: Stack) -> bool:
        """Tell whether Keystone still takes the token by which what is going on was asked for."""
        while stack.parent_id and (outer := self.table.get(stack.parent_id)):
            stack = outer
        return not stack.token or self.services.identity.tokens.caller(stack.token) is not None

    def _save_row(self, row: StackResource) -> None:
        self.resources.save(row)

    def scope(self, stack: Stack, template: Template, rows: dict[str, StackResource] | None = None) -> StackScope:
        """Names of the stack as it is now."""
        known = self.rows(stack.id) if rows is None else rows

        def reference(definition: Definition) -> Any:
            row = known.get(definition.name)
            if row is None or row.physical_id is None:
                return UNKNOWN
            return resource_type(row.type, stack.files, stack.registry).reference(row)

        def attribute(definition: Definition, name: str | None) -> Any:
            check_attribute(stack, definition, name)
            row = known.get(definition.name)
            if row is None or row.physical_id is None:
                return UNKNOWN
            return self._attribute(stack, row, name)

        return StackScope(stack, template, self.values(stack, template), self.region, reference, attribute)

    def _attribute(self, stack: Stack, row: StackResource, name: str | None) -> Any:
        kind = resource_type(row.type, stack.files, stack.registry)
        work = self.work(stack, row)
        if name is None:
            return {attribute: kind.attribute(work, attribute) for attribute in kind.attributes}
        return kind.attribute(work, name)

    def attributes(self, stack: Stack, row: StackResource) -> dict[str, Any]:
        """All attributes of a resource."""
        if row.physical_id is None:
            return {}
        found: dict[str, Any] = self._attribute(stack, row, None)
        return found

    def member_attribute(self, stack_id: str, member: str, path: list[Any]) -> Any:
        """An attribute of a resource of a stack; without a path its reference."""
        stack, row = self.table.get(stack_id), self.resources.first(stack_id=stack_id, name=member, retired=False)
        if stack is None or row is None or row.physical_id is None:
            return None
        if not path:
            return resource_type(row.type, stack.files, stack.registry).reference(row)
        return follow(self._attribute(stack, row, str(path[0])), path[1:])

    def outputs(self, stack: Stack, only: str | None = None) -> list[dict[str, Any]]:
        """Outputs with their values, all or only one; None where a value is not known yet."""
        template = self.template(stack)
        wanted = {key: body for key, body in template.outputs.items() if only in (None, key)}
        if not wanted:
            return []
        scope = self.scope(stack, template)
        shown: list[dict[str, Any]] = []
        for key, body in wanted.items():
            entry = {"output_key": key, "description": body.get("description", "No description given")}
            try:
                if "condition" in body and not scope.condition(str(body["condition"])):
                    continue
                value = resolve(body["value"], scope)
                entry["output_value"] = None if has_unknown(value) else value
            except ApiError as error:
                entry |= {"output_value": None, "output_error": error.message}
            shown.append(entry)
        return shown

    def record(self, stack: Stack, reason: str, row: StackResource | None = None) -> None:
        """Writes an event: of the stack, or of one of its resources."""
        subject: Stack | StackResource = row or stack
        self.events.add(
            StackEvent(
                id=new_id(),
                stack_id=stack.id,
                resource_name=subject.name,
                resource_type=row.type if row else "OS::Heat::Stack",
                physical_id=row.physical_id or _made_up_name(stack, row) if row else stack.id,
                action=subject.action,
                status=subject.status,
                reason=reason[:MOST_OF_A_REASON],
                time=stamp(),
            )
        )

    def set_state(self, stack: Stack, action: str, status: str, reason: str) -> None:
        """The stack's new state, with an event."""
        stack.action, stack.status, stack.status_reason = action, status, reason
        self.table.save(stack)
        self.record(stack, reason)

    def set_row_state(self, stack: Stack, row: StackResource, action: str, status: str, reason: str) -> None:
        """The resource's new state, with an event."""
        row.action, row.status, row.status_reason, row.updated = action, status, reason, stamp()
        self.resources.save(row)
        self.record(stack, reason, row)
