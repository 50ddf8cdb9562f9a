"""Heat's records as its API shows them."""

from collections.abc import Iterable
from typing import Any

from lab.simcloud.heat.functions import Unknown
from lab.simcloud.heat.parameters import hidden, shown
from lab.simcloud.heat.records import Stack, StackEvent, StackResource
from lab.simcloud.heat.resources.resource import Property
from lab.simcloud.heat.stacks import Stacks
from lab.simcloud.heat.template import Template

UNKNOWN_TEXT = "(unknown until created)"


def stack_url(root: str, stack: Stack) -> str:
    """The address of a stack."""
    return f"{root}/v1/{stack.project_id}/stacks/{stack.name}/{stack.id}"


def short_stack(stack: Stack, root: str) -> dict[str, Any]:
    """A stack in a list, where Heat leaves its description empty."""
    return {
        "id": stack.id,
        "stack_name": stack.name,
        "description": "",
        "links": [{"href": stack_url(root, stack), "rel": "self"}],
        "stack_status": stack.state,
        "stack_status_reason": stack.status_reason,
        "creation_time": stack.created,
        "updated_time": stack.updated,
        "deletion_time": stack.deleted_at,
        "stack_owner": stack.user_name,
        "parent": stack.parent_id,
        "stack_user_project_id": stack.project_id,
        "tags": stack.tags or None,
    }


def full_stack(stacks: Stacks, stack: Stack, root: str, resolve_outputs: bool = True) -> dict[str, Any]:
    """GET /stacks/{name}/{id}"""
    template = stacks.template(stack)
    values: dict[str, Any] = {
        "OS::project_id": stack.project_id,
        "OS::stack_id": stack.id,
        "OS::stack_name": stack.name,
    }
    view = short_stack(stack, root) | {
        "tags": stack.tags,
        "description": template.description,
        "parameters": values | shown(template, stacks.values(stack, template)),
        "capabilities": [],
        "notification_topics": [],
        "timeout_mins": stack.timeout_mins,
        "disable_rollback": stack.disable_rollback,
        "template_description": template.description,
    }
    if resolve_outputs and not stack.deleted:
        view["outputs"] = stacks.outputs(stack)
    return view


def users_of(rows: Iterable[StackResource]) -> dict[str, list[str]]:
    """The resources that need another one, by the name of that."""
    users: dict[str, list[str]] = {}
    for row in rows:
        for needed in row.requires:
            users.setdefault(needed, []).append(row.name)
    return users


def resource_view(
    stacks: Stacks,
    stack: Stack,
    row: StackResource,
    root: str,
    users: dict[str, list[str]],
    attributes: bool = False,
) -> dict[str, Any]:
    """A resource of a stack; users: of `users_of` its stack."""
    home = stack_url(root, stack)
    links = [{"href": f"{home}/resources/{row.name}", "rel": "self"}, {"href": home, "rel": "stack"}]
    nested = stacks.table.get(row.physical_id or "")
    if nested is not None:
        links.append({"href": stack_url(root, nested), "rel": "nested"})
    view: dict[str, Any] = {
        "resource_name": row.name,
        "logical_resource_id": row.name,
        "physical_resource_id": row.physical_id or "",
        "resource_type": row.type,
        "resource_status": row.state,
        "resource_status_reason": row.status_reason,
        "creation_time": row.created,
        "updated_time": row.updated,
        "required_by": users.get(row.name, []),
        "links": links,
    }
    if stack.parent_resource:
        view["parent_resource"] = stack.parent_resource
    if attributes:
        view |= {"description": "", "attributes": stacks.attributes(stack, row)}
    return view


def event_view(stack: Stack, event: StackEvent, root: str, outermost: Stack | None = None) -> dict[str, Any]:
    """An event in a list; outermost: the stack that was asked for, when those nested in it are listed too."""
    home = stack_url(root, stack)
    href = f"{home}/resources/{event.resource_name}"
    upwards = [{"href": stack_url(root, outermost), "rel": "root_stack"}] if outermost else []
    return {
        "id": event.id,
        "event_time": event.time,
        "resource_name": event.resource_name,
        "logical_resource_id": event.resource_name,
        "physical_resource_id": event.physical_id,
        "resource_status": f"{event.action}_{event.status}",
        "resource_status_reason": event.reason,
        "links": [
            {"href": f"{href}/events/{event.id}", "rel": "self"},
            {"href": href, "rel": "resource"},
            {"href": home, "rel": "stack"},
            *upwards,
        ],
    }


def parameters_view(template: Template) -> dict[str, Any]:
    """The parameters as POST /validate shows them."""
    names = {"string": "String", "number": "Number", "json": "Json", "boolean": "Boolean"}
    view: dict[str, Any] = {}
    for name, schema in template.parameters.items():
        entry: dict[str, Any] = {
            "Type": names.get(schema.get("type"), "CommaDelimitedList"),
            "Description": schema.get("description", ""),
            "NoEcho": str(hidden(schema)).lower(),
            "Label": schema.get("label", name),
        }
        if "default" in schema:
            entry["Default"] = schema["default"]
        for constraint in schema.get("constraints") or []:
            entry |= _constraint_view(constraint)
        view[name] = entry
    return view


def _constraint_view(constraint: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    limits = {"range": ("MinValue", "MaxValue"), "length": ("MinLength", "MaxLength")}
    for kind, (low, high) in limits.items():
        if kind in constraint:
            entry |= {low: constraint[kind].get("min"), high: constraint[kind].get("max")}
    plain = {
        "allowed_values": "AllowedValues",
        "allowed_pattern": "AllowedPattern",
        "custom_constraint": "CustomConstraint",
        "description": "ConstraintDescription",
    }
    entry |= {name: constraint[kind] for kind, name in plain.items() if kind in constraint}
    return {key: value for key, value in entry.items() if value is not None}


def property_schema(prop: Property) -> dict[str, Any]:
    """A property of a resource type as GET /resource_types/{name} shows it."""
    view: dict[str, Any] = {
        "type": prop.kind,
        "required": prop.required,
        "update_allowed": prop.updatable,
        "immutable": False,
    }
    constraints: list[dict[str, Any]] = [{"custom_constraint": prop.constraint}] if prop.constraint else []
    constraints += [{"allowed_values": list(prop.allowed)}] if prop.allowed else []
    return (
        view
        | ({"default": prop.default} if prop.default is not None else {})
        | ({"constraints": constraints} if constraints else {})
    )


def plain(value: Any) -> Any:
    """A value for JSON, with a text where it is not known yet."""
    if isinstance(value, Unknown):
        return UNKNOWN_TEXT
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value
