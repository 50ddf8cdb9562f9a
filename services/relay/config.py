"""Configuration of the relay."""

import ipaddress

import msgspec

from services.chassis.config import ConfigurationError, ServiceSettings
from services.relay.domain.clouds import CloudRoute


class CloudSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The way into one cloud.

    ``networks`` are the only addresses that are dialled (such as ``10.77.0.0/24``); ``network_namespace`` names the
    network namespace in which they are (left out: this process's own).
    """

    networks: tuple[str, ...]
    network_namespace: str | None = None


class Settings(ServiceSettings, frozen=True, kw_only=True):
    """``sockets_folder`` holds a folder of unix sockets per session; the runner must see the same folder."""

    clouds: dict[str, CloudSettings]
    sockets_folder: str
    connect_seconds: float = 5.0
    probes_at_once: int = 64
    sessions_at_most: int = 500
    connections_per_host: int = 64
    expire_every_seconds: float = 1.0


def routes_of(settings: Settings) -> dict[str, CloudRoute]:
    """Return the clouds' routes; raises ConfigurationError for a network that is none."""
    try:
        return {
            cloud_id: CloudRoute(tuple(map(ipaddress.ip_network, cloud.networks)), cloud.network_namespace)
            for cloud_id, cloud in settings.clouds.items()
        }
    except ValueError as error:
        raise ConfigurationError(f"clouds: {error}.") from error
