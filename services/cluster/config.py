"""Configuration of the cluster service."""

import msgspec

from services.chassis.config import ServiceSettings


class CloudSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a build needs to know of one cloud: the image its machines boot and the network they are cabled to."""

    image: str
    network: str
    call_seconds: float = 20.0


class Settings(ServiceSettings, frozen=True, kw_only=True):
    """``expiry_grace_seconds``: how long after its end a cluster is kept before it is deleted.

    ``runbooks`` is the address below which runbooks are found.
    """

    clouds: dict[str, CloudSettings]
    default_cloud: str
    batch_size: int = 32
    expiry_grace_seconds: float = 3600.0
    expiry_notice_seconds: float = 86400.0
    reconcile_seconds: float = 60.0
    lease_seconds: float = 10.0
    runbooks: str = "/docs/runbooks"
