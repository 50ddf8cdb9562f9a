"""Configuration of the node service."""

from typing import Any

import msgspec

from services.chassis.cloud import CloudAccess
from services.chassis.config import Secret, ServiceSettings


class CloudSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A cloud's operator credential: system-scoped, since a project-scoped one sees only nodes that it owns or leases.

    ``auth`` holds the plugin's arguments; the password may be given apart, by file or environment.
    """

    region: str
    auth: dict[str, Any]
    auth_type: str = "v3password"
    password: Secret | None = None
    interface: str = "public"
    call_seconds: float = 20.0

    def access(self) -> CloudAccess:
        """Return the access with its password read."""
        secret = {"password": self.password.read()} if self.password else {}
        return CloudAccess(self.auth_type, {**self.auth, **secret}, self.region, self.interface, self.call_seconds)


class Settings(ServiceSettings, frozen=True, kw_only=True):
    """``look_seconds``: how often Ironic is asked for all nodes.

    ``stranded_seconds``: how long a node whose tear-down failed may stay in ``error`` without a server, until Ironic is
    asked to tear it down once more.
    """

    clouds: dict[str, CloudSettings]
    look_seconds: float = 2.0
    stranded_seconds: float = 60.0
