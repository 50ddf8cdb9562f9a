"""What one emulated cloud is told at its start."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from pathlib import Path

import msgspec

PORT_OFFSETS = {
    "keystone": 0,
    "heat": 1,
    "nova": 2,
    "neutron": 3,
    "glance": 4,
    "placement": 5,
    "ironic": 6,
    "drives": 7,
}


class Tuning(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How fast a cloud's parts move and how they fail: all that may change while it runs.

    step_seconds: how long a state without real work lasts (scheduling, cleaning, fake hardware).
    power_sync_seconds: between two looks at each BMC. bmc_timeout_seconds: of one Redfish request, to a BMC that was
    not asked before.
    deploy_timeout_seconds: how long Ironic tries to reach a BMC that does not answer while it deploys.
    heat_retries: how often Heat makes a resource anew that went to ERROR (the real default is 5, with pauses).
    token_hours: life of a Keystone token that is issued from now on.
    heat_race_names: a regular expression; two creates at once of a stack name that it finds both win (see `NameGap`).
    """

    step_seconds: float = 0.1
    power_sync_seconds: float = 3.0
    bmc_timeout_seconds: float = 5.0
    deploy_timeout_seconds: float = 10.0
    heat_retries: int = 1
    token_hours: float = 24.0
    heat_race_names: str | None = None

    def mistakes(self) -> Iterator[str]:
        """What is wrong with it, one sentence each."""
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, int | float) and value < 0:
                yield f"{name}: not below 0"
        try:
            re.compile(self.heat_race_names or "")
        except re.error as error:
            yield f"heat_race_names: no regular expression: {error}"


@dataclass(frozen=True)
class CloudConfig:
    """Name and addresses of a cloud. state: the folder it may write. subnet: of the shared provisioning network."""

    name: str
    state: Path
    base_port: int
    subnet: IPv4Network
    host: str = "127.0.0.1"
    tuning: Tuning = field(default_factory=Tuning)

    def port(self, service: str) -> int:
        """The port of one service of the table above."""
        return self.base_port + PORT_OFFSETS[service]

    def url(self, service: str) -> str:
        """The root address of one service."""
        return f"http://{self.host}:{self.port(service)}"


def knobs_socket(state: Path) -> Path:
    """The unix socket of the knobs' API of the cloud with that folder."""
    return state / "knobs.sock"
