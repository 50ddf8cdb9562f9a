"""What a create would make and what an update would change, without doing it."""

import copy
from typing import Any

from lab.simcloud.errors import ApiError
from lab.simcloud.heat.constraints import nothing_wrong
from lab.simcloud.heat.functions import has_unknown
from lab.simcloud.heat.records import Stack, StackResource
from lab.simcloud.heat.resources.nested import HeatResourceGroup, ProviderTemplate
from lab.simcloud.heat.resources.properties import checked_properties
from lab.simcloud.heat.resources.registry import resource_type, schema_of
from lab.simcloud.heat.stacks import Stacks
from lab.simcloud.heat.template import Definition, Template
from lab.simcloud.heat.views import full_stack, plain


def preview_view(stacks: Stacks, stack: Stack, root: str) -> dict[str, Any]:
    """The stack that would be made, with its resources, nested ones as lists in the list."""
    view = full_stack(stacks, stack, root) | {"id": "None", "stack_user_project_id": None}
    unsettled = {key: value for key, value in view.items() if key not in ("stack_status", "stack_status_reason")}
    return unsettled | {"resources": _resources(stacks, stack)}


def _resources(stacks: Stacks, stack: Stack) -> list[Any]:
    template = stacks.template(stack)
    scope = stacks.scope(stack, template, {})
    return [_resource(stacks, stack, item, scope.properties(item)) for item in scope.enabled().values()]


def _resource(stacks: Stacks, stack: Stack, definition: Definition, given: dict[str, Any]) -> Any:
    kind = resource_type(definition.type, stack.files, stack.registry)
    values = checked_properties(definition.name, schema_of(kind), given, nothing_wrong)
    inner = copy.copy(stack)
    inner.parent_resource = definition.name
    if isinstance(kind, ProviderTemplate):
        inner.template = kind.raw
        inner.parameters = {key: value for key, value in values.items() if not has_unknown(value)}
        return _resources(stacks, inner)
    if isinstance(kind, HeatResourceGroup) and not has_unknown(values.get("count")):
        record = StackResource(id="", stack_id=stack.id, name=definition.name, type=definition.type)
        inner.template, inner.parameters = kind.template(stacks.work(stack, record, values)), {}
        return _resources(stacks, inner)
    names = set(stacks.template(stack).resources)
    users = [d.name for d in stacks.template(stack).resources.values() if definition.name in d.requires(names)]
    row = StackResource(
        id="", stack_id="None", name=definition.name, type=definition.type, metadata=definition.metadata
    )
    return _described(stack, "None", row, users) | {"properties": plain(values), "attributes": {}}


def _described(stack: Stack, stack_id: str, row: StackResource, users: list[str]) -> dict[str, Any]:
    """A resource as Heat's engine describes it: action and status apart, identities in parts."""
    identity = {"stack_name": stack.name, "stack_id": stack_id, "tenant": stack.project_id, "path": ""}
    parent = {"parent_resource": stack.parent_resource} if stack.parent_resource else {}
    return {
        "resource_name": row.name,
        "resource_type": row.type,
        "resource_action": row.action,
        "resource_status": row.status,
        "resource_status_reason": row.status_reason,
        "physical_resource_id": row.physical_id or "",
        "creation_time": row.created or None,
        "updated_time": row.updated or None,
        "description": "",
        "metadata": row.metadata,
        "required_by": users,
        "resource_identity": identity | {"path": f"/resources/{row.name}"},
        "stack_identity": identity,
        "stack_name": stack.name,
        **parent,
    }


def changes_view(stacks: Stacks, stack: Stack, fields: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The resources that an update would add, change, replace or delete, and those that it would leave."""
    changes: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("unchanged", "updated", "replaced", "added", "deleted")
    }
    new = copy.copy(stack)
    for key, value in fields.items():
        setattr(new, key, value)
    template, rows = stacks.template(new), stacks.rows(stack.id)
    kept = dict(rows)
    definitions = stacks.scope(new, template, kept).enabled()
    for definition in _in_order(definitions):
        row = rows.get(definition.name)
        what = "added" if row is None else _change(stacks, new, template, kept, definition, row)
        if what in ("added", "replaced"):
            kept.pop(definition.name, None)
        changes[what].append(_line(stacks, stack, row or _unmade(stack, definition)))
    for name, row in rows.items():
        if name not in definitions:
            changes["deleted"].append(_line(stacks, stack, row))
    return changes


def _in_order(definitions: dict[str, Definition]) -> list[Definition]:
    names, ordered = set(definitions), list[Definition]()
    while len(ordered) < len(definitions):
        placed = {item.name for item in ordered}
        ready = [d for d in definitions.values() if d.name not in placed and d.requires(names) <= placed]
        if not ready:
            raise ApiError(400, "Circular Dependency Found", "CircularDependencyException")
        ordered += ready
    return ordered


def _change(
    stacks: Stacks,
    stack: Stack,
    template: Template,
    rows: dict[str, StackResource],
    definition: Definition,
    row: StackResource,
) -> str:
    kind = resource_type(definition.type, stack.files, stack.registry)
    schema = schema_of(kind)
    given = stacks.scope(stack, template, rows).properties(definition)
    values = checked_properties(definition.name, schema, given, nothing_wrong)
    changed = {key for key in {*values, *row.properties} if values.get(key) != row.properties.get(key)}
    if row.type != definition.type or row.state.endswith("_FAILED"):
        return "replaced"
    if not changed and not stacks.table.get(row.physical_id or ""):
        return "unchanged"
    return "updated" if all(schema[key].updatable for key in changed if key in schema) else "replaced"


def _unmade(stack: Stack, definition: Definition) -> StackResource:
    return StackResource(id="", stack_id=stack.id, name=definition.name, type=definition.type)


def _line(stacks: Stacks, stack: Stack, row: StackResource) -> dict[str, Any]:
    """A resource in a list of changes; one that holds a nested stack is updated whatever the update says."""
    users = [other.name for other in stacks.rows(stack.id).values() if row.name in other.requires]
    view = _described(stack, stack.id, row, users) | {"attributes": stacks.attributes(stack, row)}
    nested = stacks.table.get(row.physical_id or "")
    if nested is None:
        return view
    identity = {"stack_name": nested.name, "stack_id": nested.id, "tenant": nested.project_id, "path": ""}
    unknown = dict.fromkeys(view["attributes"]) | {"removed_rsrc_list": []}
    return view | {"nested_stack_id": identity, "attributes": unknown}
