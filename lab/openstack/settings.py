"""The one place for folders, ports and passwords of the lab's OpenStack."""

from dataclasses import dataclass
from pathlib import Path

from lab.launcher.keys import KeyFolder
from lab.launcher.settings import APT_CACHE_PORT, REPOSITORY

FIRST_PORT = 7900
FIRST_BMC_PORT = 7950
# Where each server listens, counted from FIRST_PORT; a RabbitMQ takes the next two ports as well.
PLACES = {
    "keystone": 0,
    "heat": 1,
    "nova": 2,
    "neutron": 3,
    "glance": 4,
    "placement": 5,
    "ironic": 6,
    "media": 7,
    "mariadb": 10,
    "rabbitmq": 12,
}
DEFAULT_SUBNET = "10.90.0.0/24"
# Each database and the service, which is its user, too, that keeps its tables there.
DATABASES = {name: name for name in ("keystone", "glance", "placement", "neutron", "heat", "ironic", "nova")}
DATABASES |= {"nova_api": "nova", "nova_cell0": "nova"}
LOCK = REPOSITORY / "locks" / "openstack.txt"


@dataclass(frozen=True)
class Settings:
    """One cloud in one state folder, with the rack behind it.

    ``rack`` names rack, cloud and region alike. ``port_shift`` is added to every port that has a default.
    """

    state: Path
    cache: Path
    rack: str = "lab"
    machines: int = 4
    subnet: str = DEFAULT_SUBNET
    port_shift: int = 0
    bmc_port: int | None = None
    apt_proxy_port: int | None = None

    @property
    def folder(self) -> Path:
        """The cloud's own folder."""
        return self.state / "openstack"

    @property
    def logs(self) -> Path:
        """The folder of log files, one a process."""
        return self.folder / "log"

    @property
    def data(self) -> Path:
        """The folder of what services keep in files: images, Keystone's keys, drives of machines."""
        return self.folder / "data"

    @property
    def configuration(self) -> Path:
        """The folder of the services' configuration, a folder each."""
        return self.folder / "etc"

    @property
    def environment(self) -> Path:
        """The services' own Python environment."""
        return self.cache / "openstack"

    @property
    def clouds_file(self) -> Path:
        """Log-ins, as `openstack` and openstacksdk read them."""
        return self.folder / "clouds.yaml"

    @property
    def description_file(self) -> Path:
        """What others need to know of this cloud."""
        return self.folder / "cloud.json"

    @property
    def first_bmc_port(self) -> int:
        """The port of the first machine's BMC."""
        return FIRST_BMC_PORT + self.port_shift if self.bmc_port is None else self.bmc_port

    @property
    def apt_cache_port(self) -> int:
        """The port of the package cache that machines of all racks share."""
        return APT_CACHE_PORT + self.port_shift if self.apt_proxy_port is None else self.apt_proxy_port

    def port(self, server: str) -> int:
        """Where a server listens, on loopback."""
        return FIRST_PORT + PLACES[server] + self.port_shift

    def url(self, server: str) -> str:
        """The address of a server's HTTP API, without a path."""
        return f"http://127.0.0.1:{self.port(server)}"

    @property
    def auth_url(self) -> str:
        """Where everybody logs in."""
        return f"{self.url('keystone')}/v3"

    def keys(self) -> KeyFolder:
        """Passwords, made at first use."""
        return KeyFolder(self.folder / "keys")

    def password(self, name: str) -> str:
        """The password of a user of the cloud, the database or both."""
        return self.keys().password(name)
