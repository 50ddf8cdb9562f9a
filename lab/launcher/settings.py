"""What one run of the launcher is told: folders, ports, clouds, and servers that already exist."""

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

# The default port of each service; a whole platform is moved by adding a shift to all of them.
SERVICE_PORTS = {
    "authz": 7501,
    "identity": 7502,
    "secrets": 7503,
    "blueprint": 7504,
    "cluster": 7505,
    "node": 7506,
    "runner": 7507,
    "relay": 7508,
    "events": 7509,
}
PUBLIC_PORT = 7480
OPERATOR_PORT = 7481
POSTGRES_PORT = 7432
RABBIT_PORT = 7672
APT_CACHE_PORT = 7142
FIRST_CLOUD_PORT = 7600
PORTS_PER_CLOUD = 20
FIRST_BMC_PORT = 7700
BMCS_PER_RACK = 100
# A service's `work` process answers health and metrics this far above its `serve` process.
WORK_PORT_DISTANCE = 40
# Racks and clouds share a name; the order decides ports and subnet.
CLOUD_NAMES = ("alpha", "beta", "demo", "gamma", "delta")
FIRST_SUBNET = 77
# Real OpenStack: one cloud a platform, so that only subnets differ.
REAL_CLOUD_NAMES = ("lab", "trial", "live", "bench")
REAL_CLOUD_PORT = 7900
REAL_BMC_PORT = 7950
FIRST_REAL_SUBNET = 90
REAL_PORT_SHIFT = 5000

REPOSITORY = Path(__file__).resolve().parents[2]


class CloudKind(StrEnum):
    """Who provides the clouds: ``lab/simcloud``, which emulates OpenStack, or ``lab/openstack``, which runs it."""

    SIMCLOUD = "simcloud"
    OPENSTACK = "openstack"


def default_state(kind: CloudKind = CloudKind.SIMCLOUD) -> Path:
    """Where data, logs and sockets are kept: $CLOUDPOINT_STATE, or `.state` in the repository; `lab` in it if real."""
    folder = Path(os.environ.get("CLOUDPOINT_STATE") or REPOSITORY / ".state")
    return folder / "lab" if kind is CloudKind.OPENSTACK else folder


def default_port_shift(kind: CloudKind) -> int:
    """What is added to ports, so that a platform of each kind can run at once."""
    return REAL_PORT_SHIFT if kind is CloudKind.OPENSTACK else 0


def default_cache() -> Path:
    """Where what can be made again is kept: $CLOUDPOINT_CACHE, or `~/.cache/cloudpoint`."""
    return Path(os.environ.get("CLOUDPOINT_CACHE") or Path.home() / ".cache" / "cloudpoint")


@dataclass(frozen=True)
class Cloud:
    """One cloud and the rack behind it: the first port of its APIs and of its BMCs, and its subnet."""

    name: str
    api_port: int
    bmc_port: int
    subnet: str

    @property
    def auth_url(self) -> str:
        """The address of its Keystone."""
        return f"http://127.0.0.1:{self.api_port}/v3"


@dataclass(frozen=True)
class Settings:
    """Everything that a run depends on.

    ``port_shift`` is added to every port. ``machines`` is the number of machines of each rack. With ``database_url``
    or ``amqp_url`` that server is given and none is started. ``blueprints`` is the folder that the catalogue offers.
    """

    state: Path
    cache: Path
    cloud_kind: CloudKind = CloudKind.SIMCLOUD
    cloud_names: tuple[str, ...] = CLOUD_NAMES[:1]
    machines: int = 4
    port_shift: int = 0
    database_url: str | None = None
    amqp_url: str | None = None
    blueprints: Path = REPOSITORY / "blueprints"

    def port_of(self, service: str) -> int:
        """The port of a service's `serve` process."""
        return SERVICE_PORTS[service] + self.port_shift

    @property
    def public_url(self) -> str:
        """Where customers call."""
        return f"http://127.0.0.1:{PUBLIC_PORT + self.port_shift}"

    @property
    def operator_url(self) -> str:
        """Where operators call."""
        return f"http://127.0.0.1:{OPERATOR_PORT + self.port_shift}"

    @property
    def clouds(self) -> list[Cloud]:
        """The clouds to start, each with its rack."""
        return [self._cloud(name) for name in self.cloud_names]

    def _cloud(self, name: str) -> Cloud:
        if self.cloud_kind is CloudKind.OPENSTACK:
            subnet = f"10.{FIRST_REAL_SUBNET + REAL_CLOUD_NAMES.index(name)}.0.0/24"
            return Cloud(name, REAL_CLOUD_PORT + self.port_shift, REAL_BMC_PORT + self.port_shift, subnet)
        place = CLOUD_NAMES.index(name)
        return Cloud(
            name=name,
            api_port=FIRST_CLOUD_PORT + PORTS_PER_CLOUD * place + self.port_shift,
            bmc_port=FIRST_BMC_PORT + BMCS_PER_RACK * place + self.port_shift,
            subnet=f"10.{FIRST_SUBNET + place}.0.0/24",
        )

    @property
    def logs(self) -> Path:
        """The folder of log files, one a process."""
        return self.state / "log"

    @property
    def records(self) -> Path:
        """The folder that records which processes were started."""
        return self.state / "run"
