"""Resources that are stacks: OS::Heat::ResourceGroup and provider templates (a `type` that is a file)."""

from typing import Any, ClassVar

from lab.simcloud.heat.records import StackResource
from lab.simcloud.heat.resources.resource import Property, ResourceType, Work


class HeatResourceGroup(ResourceType):
    """`count` resources of one definition, in a nested stack with members `0`, `1`, …"""

    name = "OS::Heat::ResourceGroup"
    properties: ClassVar = {
        "count": Property("integer", default=1, updatable=True),
        "index_var": Property(default="%index%"),
        "resource_def": Property("map", required=True, updatable=True),
        "removal_policies": Property("list", default=[], updatable=True),
        "removal_policies_mode": Property(default="append", allowed=("append", "update"), updatable=True),
    }
    attributes = ("refs", "refs_map", "attributes", "removed_rsrc_list")
    any_attribute = True

    async def create(self, work: Work) -> None:
        """Makes all members."""
        await work.nested.ensure(work, self.template(work), {})

    async def update(self, work: Work) -> None:
        """Adds, changes and removes members."""
        await work.nested.ensure(work, self.template(work), {})

    async def delete(self, work: Work) -> None:
        """Removes all members."""
        if work.record.physical_id:
            await work.nested.remove(work.record.physical_id)

    def template(self, work: Work) -> dict[str, Any]:
        """The nested stack's template."""
        names = self._names(work)
        index_var, definition = work.properties["index_var"], work.properties["resource_def"]
        resources = {name: numbered(definition, index_var, name) for name in names}
        return {"heat_template_version": "2021-04-16", "resources": resources}

    @staticmethod
    def _names(work: Work) -> list[str]:
        """Member names, leaving out those that a removal policy named."""
        anew = work.properties.get("removal_policies_mode") == "update"
        gone: list[str] = [] if anew else work.record.data.get("gone", [])
        known = work.nested.members(work.record.physical_id) if work.record.physical_id else {}
        for policy in work.properties.get("removal_policies") or []:
            for item in policy.get("resource_list") or []:
                gone = [*gone, *[name for name, reference in known.items() if str(item) in (name, str(reference))]]
        work.record.data["gone"] = sorted(set(gone), key=int)
        names: list[str] = []
        number = 0
        while len(names) < int(work.properties["count"]):
            if str(number) not in work.record.data["gone"]:
                names.append(str(number))
            number += 1
        return names

    def attribute(self, work: Work, name: str) -> Any:
        """References, or one attribute of every member; `resource.<n>.<attribute>` of one."""
        stack_id = work.record.physical_id or ""
        if name in ("refs", "refs_map"):
            references = work.nested.members(stack_id)
            return list(references.values()) if name == "refs" else references
        if name == "removed_rsrc_list":
            return work.record.data.get("gone", [])
        if name.startswith("resource."):
            _, member, *path = name.split(".")
            return work.nested.member_attribute(stack_id, member, list(path))
        if name == "attributes":
            return work.nested.members(stack_id)
        return [work.nested.member_attribute(stack_id, member, [name]) for member in work.nested.names(stack_id)]


def numbered(value: Any, index_var: str, number: str) -> Any:
    """A definition with the number of a member in each place that the index variable marks."""
    if isinstance(value, str):
        return value.replace(index_var, number)
    if isinstance(value, dict):
        return {numbered(key, index_var, number): numbered(inner, index_var, number) for key, inner in value.items()}
    return [numbered(inner, index_var, number) for inner in value] if isinstance(value, list) else value


class ProviderTemplate(ResourceType):
    """A resource whose type is a template of the caller: its parameters are properties, its outputs attributes."""

    any_attribute = True

    def __init__(self, type_name: str, raw: dict[str, Any], parameters: dict[str, Any]) -> None:
        """raw: the template. parameters: its parameter schemas."""
        self.type_name = type_name
        self.raw = raw
        self._parameters = parameters

    def schema(self) -> dict[str, Property]:
        """The properties that its parameters make."""
        kinds = {"number": "number", "boolean": "boolean", "json": "any", "comma_delimited_list": "any"}
        return {
            name: Property(kinds.get(body.get("type"), "string"), required="default" not in body, updatable=True)
            for name, body in self._parameters.items()
        }

    async def create(self, work: Work) -> None:
        """Makes the nested stack."""
        await work.nested.ensure(work, self.raw, dict(work.properties))
        self._keep_reference(work)

    async def update(self, work: Work) -> None:
        """Changes the nested stack."""
        await work.nested.ensure(work, self.raw, dict(work.properties))
        self._keep_reference(work)

    @staticmethod
    def _keep_reference(work: Work) -> None:
        reference = work.nested.output(work.record.physical_id or "", "OS::stack_id")
        if reference:
            work.record.data["reference"] = reference

    async def delete(self, work: Work) -> None:
        """Deletes the nested stack."""
        if work.record.physical_id:
            await work.nested.remove(work.record.physical_id)

    def attribute(self, work: Work, name: str) -> Any:
        """An output, or `resource.<name>.<attribute>` from inside."""
        stack_id = work.record.physical_id or ""
        if name.startswith("resource."):
            _, member, *path = name.split(".")
            return work.nested.member_attribute(stack_id, member, list(path))
        return work.nested.output(stack_id, name)

    def reference(self, record: StackResource) -> Any:
        """The output `OS::stack_id` if there is one (kept with the record), else the nested stack's id."""
        return record.data.get("reference") or record.physical_id
