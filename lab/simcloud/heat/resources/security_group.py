"""OS::Neutron::SecurityGroup and SecurityGroupRule."""

from typing import Any, ClassVar

from lab.simcloud.errors import ApiError
from lab.simcloud.heat.errors import ResourceFailure
from lab.simcloud.heat.resources.lookups import find_group
from lab.simcloud.heat.resources.neutron import planned_id, refused
from lab.simcloud.heat.resources.resource import Property, ResourceType, Work
from lab.simcloud.heat.resources.server import default_name
from lab.simcloud.neutron.views import show_group, show_rule


class NeutronSecurityGroup(ResourceType):
    """A security group with its rules. It is kept and shown; nothing enforces it."""

    name = "OS::Neutron::SecurityGroup"
    properties: ClassVar = {
        "name": Property(updatable=True),
        "description": Property(updatable=True),
        "rules": Property("list", default=[], updatable=True),
    }
    attributes = ("show",)

    async def create(self, work: Work) -> None:
        """Makes the group and its rules."""
        group_id, networks = planned_id(work), work.services.networks
        if networks.groups.get(group_id) is None:
            name = work.properties.get("name") or default_name(work)
            description = work.properties.get("description") or ""
            networks.create_group(work.stack.project_id, id=group_id, name=name, description=description)
            self._add_rules(work, group_id)

    @staticmethod
    def _add_rules(work: Work, group_id: str) -> None:
        keys = ("direction", "ethertype", "protocol", "port_range_min", "port_range_max", "remote_ip_prefix")
        for rule in work.properties.get("rules") or []:
            fields = {key: rule[key] for key in keys if rule.get(key) is not None}
            work.services.networks.create_rule(work.stack.project_id, security_group_id=group_id, **fields)

    async def update(self, work: Work) -> None:
        """Name, description and rules change in place."""
        networks, group_id = work.services.networks, str(work.record.physical_id)
        group = networks.groups.get(group_id)
        if group is None:
            raise ResourceFailure("NotFound", f"Security group {group_id} does not exist")
        group.name = work.properties.get("name") or group.name
        group.description = work.properties.get("description") or ""
        networks.groups.save(group)
        for rule in networks.rules.find(security_group_id=group_id):
            if rule.direction == "ingress":
                networks.rules.remove(rule.id)
        self._add_rules(work, group_id)

    async def delete(self, work: Work) -> None:
        """Deletes the group."""
        group = work.services.networks.groups.get(work.record.physical_id or "")
        if group:
            try:
                work.services.networks.remove_group(group)
            except ApiError as error:
                raise refused(error) from error

    def attribute(self, work: Work, name: str) -> Any:
        """As Neutron shows it."""
        group = work.services.networks.groups.get(work.record.physical_id or "")
        return show_group(work.services.networks, group) if group else None


class NeutronSecurityGroupRule(ResourceType):
    """One rule of a security group."""

    name = "OS::Neutron::SecurityGroupRule"
    properties: ClassVar = {
        "security_group": Property(required=True),
        "direction": Property(default="ingress", allowed=("ingress", "egress")),
        "ethertype": Property(default="IPv4", allowed=("IPv4", "IPv6")),
        "protocol": Property(),
        "port_range_min": Property("integer"),
        "port_range_max": Property("integer"),
        "remote_ip_prefix": Property(),
        "description": Property(),
    }
    attributes = ("show",)

    async def create(self, work: Work) -> None:
        """Adds the rule."""
        rule_id, given = planned_id(work), dict(work.properties)
        if work.services.networks.rules.get(rule_id):
            return
        name = str(given.pop("security_group"))
        group = find_group(work.services, work.caller, name)
        if group is None:
            raise ResourceFailure("NotFound", f"Unable to find security_group with name or id '{name}'")
        work.services.networks.create_rule(work.stack.project_id, id=rule_id, security_group_id=group.id, **given)

    async def delete(self, work: Work) -> None:
        """Removes the rule."""
        work.services.networks.rules.remove(work.record.physical_id or "")

    def attribute(self, work: Work, name: str) -> Any:
        """As Neutron shows it."""
        rule = work.services.networks.rules.get(work.record.physical_id or "")
        return show_rule(rule) if rule else None
