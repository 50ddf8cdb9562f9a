"""The configuration file of each service: the YAML that Helm values would hold, with this platform's addresses."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from lab.launcher import accounts
from lab.launcher.clouds import Access, Accesses
from lab.launcher.keys import KeyFolder
from lab.launcher.settings import (
    OPERATOR_PORT,
    PUBLIC_PORT,
    REPOSITORY,
    SERVICE_PORTS,
    WORK_PORT_DISTANCE,
    Cloud,
    CloudKind,
    Settings,
)

GATEWAY = "gateway"
# Every service, in the order in which one reads a request's way.
SERVICES = (GATEWAY, *SERVICE_PORTS)
# These keep no table of their own, so that they get no database.
WITHOUT_DATABASE = ("relay",)
# These do work that outlives a request, in a process of its own.
WITH_WORK = ("authz", "cluster", "node", "events")
# How often Ironic is asked for all nodes, and the longest that one call of a cloud's API may take: the real services
# share two cores with all else on this machine.
LOOK_SECONDS = {CloudKind.SIMCLOUD: 2.0, CloudKind.OPENSTACK: 5.0}
CALL_SECONDS = {CloudKind.SIMCLOUD: 20.0, CloudKind.OPENSTACK: 60.0}


def present() -> list[str]:
    """The services that this checkout has."""
    return [name for name in SERVICES if find_spec(f"services.{name}") and find_spec(f"services.{name}.main")]


def commands(service: str) -> tuple[str, ...]:
    """The commands that run for good, a process each."""
    return ("serve", "work") if service in WITH_WORK else ("serve",)


def ports(settings: Settings, service: str) -> dict[str, int]:
    """The ports of `serve` and of `work`, by the names that the configuration gives them."""
    serve = PUBLIC_PORT + settings.port_shift if service == GATEWAY else settings.port_of(service)
    return {"port": serve, "work_port": serve + WORK_PORT_DISTANCE}


class ServiceFiles:
    """Writes configuration files.

    ``database`` gives a service's settings of its database as the file holds them, ``accesses`` the log-ins at a cloud.
    """

    def __init__(
        self,
        settings: Settings,
        keys: KeyFolder,
        database: Callable[[str], dict[str, Any]],
        amqp_url: str,
        accesses: Callable[[Cloud], Accesses],
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._database = database
        self._amqp_url = amqp_url
        self._accesses = accesses

    def path(self, service: str) -> Path:
        """Where the file of a service is."""
        return self._settings.state / "config" / f"{service}.yaml"

    def write(self, service: str) -> None:
        """Write the file anew, readable by its owner only: it holds the password of a database role."""
        path = self.path(service)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(self.content(service), sort_keys=False))

    def content(self, service: str) -> dict[str, Any]:
        """What the file of a service holds."""
        content = {
            "listen": {"host": "127.0.0.1", **ports(self._settings, service)},
            "auth": {
                "key_file": str(self._keys.private_key(service)),
                "issuer_keys": [self._keys.public_key("authz")],
            },
            "services": {
                name: f"http://127.0.0.1:{self._settings.port_of(name)}" for name in SERVICE_PORTS if name != service
            },
            "bus": {"url": self._amqp_url},
        }
        if service not in WITHOUT_DATABASE:
            content["database"] = self._database(service)
        own = getattr(self, f"_{service}", None)
        return content | (own() if own else {})

    def _gateway(self) -> dict[str, Any]:
        return {
            "operator_port": OPERATOR_PORT + self._settings.port_shift,
            "identity_keys": [self._keys.public_key("identity")],
        }

    def _authz(self) -> dict[str, Any]:
        return {"manifest": {name: {"public_keys": [self._keys.public_key(name)]} for name in SERVICES}}

    def _cluster(self) -> dict[str, Any]:
        place = {"image": "bm-image", "network": "provision", "call_seconds": CALL_SECONDS[self._settings.cloud_kind]}
        clouds = {
            cloud.name: {**place, "operator": self._login(cloud, "operator", self._accesses(cloud).operator)}
            for cloud in self._settings.clouds
        }
        return {"clouds": clouds, "default_cloud": self._settings.clouds[0].name}

    def _secrets(self) -> dict[str, Any]:
        return {"master_keys": [{"version": 1, "key": {"file": str(self._keys.master_key("secrets"))}}]}

    def _node(self) -> dict[str, Any]:
        clouds = self._settings.clouds
        return {
            "clouds": {cloud.name: self._login(cloud, "node", self._accesses(cloud).node) for cloud in clouds},
            "look_seconds": LOOK_SECONDS[self._settings.cloud_kind],
        }

    def _runner(self) -> dict[str, Any]:
        return {
            "ansible": {"folder": str(self._settings.cache / "ansible"), "mitogen": True},
            "elements_folder": str(REPOSITORY / "elements"),
            "cache_folder": str(self._settings.state / "runner"),
        }

    def _identity(self) -> dict[str, Any]:
        administrator = {
            "email": accounts.ADMINISTRATOR,
            "name": "First administrator",
            "password": {"file": str(accounts.password_file(self._keys, accounts.ADMINISTRATOR))},
        }
        clouds = {cloud.name: self._directory(cloud) for cloud in self._settings.clouds}
        return {"bootstrap": administrator, "clouds": clouds}

    def _directory(self, cloud: Cloud) -> dict[str, Any]:
        accesses = self._accesses(cloud)
        place = {"domain_id": accesses.domain_id, "roles": list(accesses.roles)}
        return self._login(cloud, "identity", accesses.identity) | place

    def _login(self, cloud: Cloud, service: str, access: Access) -> dict[str, Any]:
        """A log-in as configuration files hold it: the password apart, in a file."""
        password = self._keys.keep_password(f"cloud-{cloud.name}-{service}", access.password)
        return {
            "region": access.region,
            "auth": access.auth,
            "password": {"file": str(password)},
            "call_seconds": CALL_SECONDS[self._settings.cloud_kind],
        }

    def _blueprint(self) -> dict[str, Any]:
        folders = {"blueprints": self._settings.blueprints, "elements": REPOSITORY / "elements"}
        return {"catalogue": {name: str(folder) for name, folder in folders.items()}}

    def _relay(self) -> dict[str, Any]:
        return {
            "clouds": {
                cloud.name: {"networks": [cloud.subnet], "network_namespace": f"cp-{cloud.name}"}
                for cloud in self._settings.clouds
            },
            "sockets_folder": str(self._settings.state / "relay"),
        }
