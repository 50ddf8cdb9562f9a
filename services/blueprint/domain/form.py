"""What a user interface needs to ask for a blueprint's parameters."""

from typing import Any

from services.contracts.blueprint import BlueprintVersion, Form

_BY_TYPE = {"integer": "number", "number": "number", "boolean": "switch", "array": "list", "string": "text"}


def form_of(blueprint: BlueprintVersion) -> Form:
    """Return the fields in the blueprint's order, each with label, help, widget, default, limits and schema."""
    wanted = set(blueprint.parameters.get("required", []))
    properties = blueprint.parameters.get("properties", {})
    fields = [_field(name, schema, name in wanted) for name, schema in properties.items()]
    return Form(blueprint=blueprint.name, version=blueprint.version, fields=fields)


def _field(name: str, schema: dict[str, Any], required: bool) -> dict[str, Any]:
    return {
        "name": name,
        "label": schema.get("title", name),
        "help": schema.get("description", ""),
        "widget": schema.get("ui:widget") or ("choice" if "enum" in schema else _BY_TYPE.get(_type(schema), "text")),
        "required": required,
        "default": schema.get("default"),
        "on_change": schema.get("x-on-change", "none"),
        "schema": schema,
    }


def _type(schema: dict[str, Any]) -> str:
    """Return the type by which a field is shown: the first that is not null, of several."""
    wanted = schema.get("type", "string")
    named = [one for one in wanted if one != "null"] if isinstance(wanted, list) else [wanted]
    return str(named[0]) if named else "string"
