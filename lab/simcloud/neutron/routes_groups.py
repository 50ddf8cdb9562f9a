"""Routes of security groups and their rules. They are kept and shown; nothing enforces them."""

from typing import Any

from sanic import HTTPResponse, Request

from lab.simcloud.api.access import caller_of
from lab.simcloud.api.app import address_of, answer, body_of
from lab.simcloud.caller import Caller
from lab.simcloud.errors import not_found
from lab.simcloud.neutron.lists import page, search
from lab.simcloud.neutron.networks import Networks
from lab.simcloud.neutron.records import SecurityGroup
from lab.simcloud.neutron.routes_networks import owner_for
from lab.simcloud.neutron.views import show_group, show_rule

RULE_FIELDS = (
    "direction",
    "ethertype",
    "protocol",
    "port_range_min",
    "port_range_max",
    "remote_ip_prefix",
    "remote_group_id",
    "description",
)


class GroupRoutes:
    """Groups and rules."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks

    def table(self) -> list[Any]:
        """Method, path, handler."""
        return [
            ("GET", "/v2.0/security-groups", self.index),
            ("POST", "/v2.0/security-groups", self.create),
            ("GET", "/v2.0/security-groups/<group_id>", self.show),
            ("DELETE", "/v2.0/security-groups/<group_id>", self.delete),
            ("GET", "/v2.0/security-group-rules", self.list_rules),
            ("POST", "/v2.0/security-group-rules", self.create_rule),
            ("DELETE", "/v2.0/security-group-rules/<rule_id>", self.delete_rule),
        ]

    def _group(self, caller: Caller, group_id: str) -> SecurityGroup:
        group = self._networks.groups.get(group_id)
        if group is None or not (caller.is_admin or group.project_id == caller.project_id):
            raise not_found(f"Security group {group_id} does not exist", "SecurityGroupNotFound")
        return group

    async def index(self, request: Request) -> HTTPResponse:
        """GET /v2.0/security-groups"""
        caller = caller_of(request)
        if caller.project_id:
            self._networks.default_group(caller.project_id)
        own = {} if caller.is_admin else {"project_id": caller.project_id}
        found = self._networks.groups.each(**search(request, "name", "project_id") | own)
        shown = (show_group(self._networks, group) for group in found)
        return answer(page("security_groups", shown, request, address_of(request)))

    async def create(self, request: Request) -> HTTPResponse:
        """POST /v2.0/security-groups"""
        caller, body = caller_of(request), body_of(request, "security_group")
        project_id = owner_for(caller, body, "create_security_group")
        fields = {key: str(body[key]) for key in ("name", "description") if body.get(key) is not None}
        group = self._networks.create_group(project_id, **fields)
        return answer({"security_group": show_group(self._networks, group)}, 201)

    async def show(self, request: Request, group_id: str) -> HTTPResponse:
        """GET /v2.0/security-groups/{id}"""
        return answer({"security_group": show_group(self._networks, self._group(caller_of(request), group_id))})

    async def delete(self, request: Request, group_id: str) -> HTTPResponse:
        """DELETE /v2.0/security-groups/{id}"""
        self._networks.remove_group(self._group(caller_of(request), group_id))
        return answer(None, 204)

    async def list_rules(self, request: Request) -> HTTPResponse:
        """GET /v2.0/security-group-rules"""
        caller = caller_of(request)
        own = {} if caller.is_admin else {"project_id": caller.project_id}
        found = self._networks.rules.each(**search(request, "security_group_id", "project_id") | own)
        shown = (show_rule(rule) for rule in found)
        return answer(page("security_group_rules", shown, request, address_of(request)))

    async def create_rule(self, request: Request) -> HTTPResponse:
        """POST /v2.0/security-group-rules"""
        body = body_of(request, "security_group_rule")
        group = self._group(caller_of(request), str(body.get("security_group_id")))
        fields = {key: body[key] for key in RULE_FIELDS if body.get(key) is not None}
        rule = self._networks.create_rule(group.project_id, security_group_id=group.id, **fields)
        return answer({"security_group_rule": show_rule(rule)}, 201)

    async def delete_rule(self, request: Request, rule_id: str) -> HTTPResponse:
        """DELETE /v2.0/security-group-rules/{id}"""
        rule = self._networks.rules.get(rule_id)
        if rule is None:
            raise not_found(f"Security group rule {rule_id} does not exist", "SecurityGroupRuleNotFound")
        self._group(caller_of(request), rule.security_group_id)
        self._networks.rules.remove(rule_id)
        return answer(None, 204)
