"""Who is in Keystone from the start: roles, services with their addresses and users, Cloudpoint's own users."""

from typing import Any

from openstack.connection import Connection

from lab.openstack.config.heat import STACK_DOMAIN, STACK_DOMAIN_ADMIN
from lab.openstack.config.shared import SERVICE_PROJECT
from lab.openstack.settings import Settings

ROLES = ("admin", "manager", "member", "reader", "service", "heat_stack_owner", "heat_stack_user")
# Each service's type and the path of its API.
SERVICES = {
    "keystone": ("identity", "/v3"),
    "heat": ("orchestration", "/v1/%(tenant_id)s"),
    "nova": ("compute", "/v2.1"),
    "neutron": ("network", ""),
    "glance": ("image", ""),
    "placement": ("placement", ""),
    "ironic": ("baremetal", ""),
}
# Ironic shows all nodes to a token with system scope only.
WITH_SYSTEM_SCOPE = ("nova", "ironic")
IDENTITY_USER, NODE_USER = "cloudpoint-identity", "cloudpoint-node"
CUSTOMER_DOMAIN = "cloudpoint"


class Users:
    """Makes what is missing; what is there stays as it is."""

    def __init__(self, settings: Settings, connection: Connection) -> None:
        self._settings = settings
        self._keystone: Any = connection.identity
        self._roles: dict[str, Any] = {}

    def ensure(self) -> None:
        """Make everybody."""
        self._roles = {role.name: role for role in self._keystone.roles()}
        for name in set(ROLES) - set(self._roles):
            self._roles[name] = self._keystone.create_role(name=name)
        self._services()
        self._stack_domain()
        self._cloudpoint()

    def _services(self) -> None:
        project = self._keystone.find_project(SERVICE_PROJECT) or self._keystone.create_project(
            name=SERVICE_PROJECT, domain_id="default"
        )
        known = {service.name for service in self._keystone.services()}
        for name, (kind, path) in SERVICES.items():
            if name not in known:
                self._service(name, kind, self._settings.url(name) + path)
            if name != "keystone":
                self._service_user(name, project)

    def _service(self, name: str, kind: str, url: str) -> None:
        service = self._keystone.create_service(name=name, type=kind)
        for interface in ("public", "internal", "admin"):
            self._keystone.create_endpoint(
                service_id=service.id, interface=interface, url=url, region_id=self._settings.rack
            )

    def _service_user(self, name: str, project: Any) -> None:
        user = self._user(name, "default")
        for role in ("admin", "service"):
            self._keystone.assign_project_role_to_user(project, user, self._roles[role])
        if name in WITH_SYSTEM_SCOPE:
            self._keystone.assign_system_role_to_user(user, self._roles["admin"], "all")

    def _stack_domain(self) -> None:
        """Where Heat makes users of its own."""
        domain = self._domain(STACK_DOMAIN, "Users that stacks make")
        user = self._user(STACK_DOMAIN_ADMIN, domain.id)
        self._keystone.assign_domain_role_to_user(domain, user, self._roles["admin"])

    def _cloudpoint(self) -> None:
        """identity manages a domain of its own and nothing else; node sees every machine."""
        domain = self._domain(CUSTOMER_DOMAIN, "Projects and users that Cloudpoint makes")
        self._keystone.assign_domain_role_to_user(domain, self._user(IDENTITY_USER, domain.id), self._roles["manager"])
        self._keystone.assign_system_role_to_user(self._user(NODE_USER, "default"), self._roles["member"], "all")

    def _domain(self, name: str, description: str) -> Any:
        return self._keystone.find_domain(name) or self._keystone.create_domain(name=name, description=description)

    def _user(self, name: str, domain_id: str) -> Any:
        found = next(iter(self._keystone.users(name=name, domain_id=domain_id)), None)
        return found or self._keystone.create_user(
            name=name, password=self._settings.password(name), domain_id=domain_id
        )
