"""What a cloud shows a user of its flavors, images, networks and quotas, as far as builds depend on it."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address

_CUSTOM = re.compile(r"resources:(CUSTOM_[A-Z0-9_]+)")
_ORDINARY = ("VCPU", "MEMORY_MB", "DISK_GB")


def custom_class(resource_class: str) -> str:
    """Return Placement's name of Ironic's resource class (os_resource_classes.normalize_name)."""
    return "CUSTOM_" + re.sub("[^0-9A-Z]+", "_", resource_class.upper())


@dataclass(frozen=True)
class Flavor:
    """``ram`` is in MiB."""

    id: str
    name: str
    vcpus: int
    ram: int
    extra_specs: dict[str, str]

    @property
    def classes(self) -> dict[str, str]:
        """The custom resource classes that it asks for, and how many of each."""
        found = {match[1]: amount for key, amount in self.extra_specs.items() if (match := _CUSTOM.fullmatch(key))}
        return {name: amount for name, amount in found.items() if amount != "0"}

    @property
    def not_zeroed(self) -> list[str]:
        """The ordinary resources that it still asks for, which no bare-metal node has."""
        return [name for name in _ORDINARY if self.extra_specs.get(f"resources:{name}") != "0"]


@dataclass(frozen=True)
class Image:
    """``properties`` are the ones beside the usual, as text."""

    id: str
    status: str
    disk_format: str | None
    container_format: str | None
    properties: dict[str, str]


@dataclass(frozen=True)
class Pool:
    """From which addresses ports get theirs, both ends included."""

    start: str
    end: str

    @property
    def size(self) -> int:
        return int(IPv4Address(self.end)) - int(IPv4Address(self.start)) + 1

    def holds(self, address: str) -> bool:
        return ":" not in address and IPv4Address(self.start) <= IPv4Address(address) <= IPv4Address(self.end)


@dataclass(frozen=True)
class Network:
    """``pools`` are those of its IPv4 subnets."""

    id: str
    status: str
    is_up: bool
    pools: tuple[Pool, ...]

    @property
    def size(self) -> int:
        return sum(pool.size for pool in self.pools)


@dataclass(frozen=True)
class Quota:
    """``limit`` is -1 where there is none."""

    limit: int
    used: int

    def room(self, each: int) -> float:
        """Return how often ``each`` still fits."""
        return float("inf") if self.limit < 0 or each <= 0 else max(0, self.limit - self.used) // each
