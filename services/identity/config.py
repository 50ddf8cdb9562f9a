"""What identity takes beyond what every service takes."""

from typing import Any

import msgspec

from services.chassis.cloud import CloudAccess
from services.chassis.config import Secret, ServiceSettings


class Bootstrap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first administrator, made at the start when nobody is there yet."""

    email: str
    name: str
    password: Secret


class CloudSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One cloud, and how to be its administrator: the arguments of keystoneauth's ``v3password``.

    ``password`` may be given apart from ``auth``; projects and users are made in the domain ``domain_id``, and get
    those of ``roles`` that the cloud has.
    """

    region: str
    auth: dict[str, Any]
    password: Secret | None = None
    domain_id: str = "default"
    roles: tuple[str, ...] = ("member", "heat_stack_owner")
    call_seconds: float = 15.0

    def access(self) -> CloudAccess:
        """Return the administrator's access, with its password read."""
        secret = {"password": self.password.read()} if self.password else {}
        return CloudAccess("v3password", {**self.auth, **secret}, self.region, call_seconds=self.call_seconds)


class Settings(ServiceSettings, frozen=True, kw_only=True):
    """``session_hours`` is the life of a log-in, ``password_threads`` how many passwords are checked at once."""

    bootstrap: Bootstrap | None = None
    clouds: dict[str, CloudSettings] = {}
    session_hours: float = 12.0
    password_threads: int = 2
