"""Configuration of the cluster service."""

from typing import Any

import msgspec

from services.chassis.cloud import CloudAccess
from services.chassis.config import Secret, ServiceSettings
from services.chassis.outbox import OutboxSettings
from services.chassis.saga import SagaSettings


class OperatorLogin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may read Placement, Nova's services and all ports: the arguments of keystoneauth's ``v3password``.

    It has the scope of a project, since none of the three takes a system's. ``password`` may be given apart.
    """

    region: str
    auth: dict[str, Any]
    password: Secret | None = None
    call_seconds: float = 20.0

    def access(self) -> CloudAccess:
        """Return the access with its password read."""
        secret = {"password": self.password.read()} if self.password else {}
        return CloudAccess("v3password", {**self.auth, **secret}, self.region, call_seconds=self.call_seconds)


class CloudSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a build needs to know of one cloud: the image its machines boot and the network they are cabled to.

    ``operator`` only serves the checks of the cloud; without it they tell less.
    """

    image: str
    network: str
    call_seconds: float = 20.0
    operator: OperatorLogin | None = None


class Settings(ServiceSettings, frozen=True, kw_only=True):
    """``expiry_grace_seconds``: how long after its end a cluster is kept before it is deleted.

    ``standstill_seconds``: how long a cloud may do nothing for machines that it makes or takes back, until it is asked
    to go on. ``closer_look_seconds``: how often it is asked how far each machine is. ``runbooks`` is the address below
    which runbooks are found.
    """

    clouds: dict[str, CloudSettings]
    default_cloud: str
    batch_size: int = 32
    expiry_grace_seconds: float = 3600.0
    expiry_notice_seconds: float = 86400.0
    reconcile_seconds: float = 60.0
    saga: SagaSettings = SagaSettings()
    outbox: OutboxSettings = OutboxSettings()
    standstill_seconds: float = 60.0
    closer_look_seconds: float = 2.0
    runbooks: str = "/docs/runbooks"
