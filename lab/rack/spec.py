"""What a rack is: its name, its machines and their nameplates, its network and ports. Pure data, no host touched."""

import hashlib
import ipaddress
import re
import uuid

import msgspec

from lab.rack.errors import RackError

RACK_NAME = re.compile(r"[a-z][a-z0-9]{0,7}")
MAX_MACHINES = 64
APT_RELAY_PORT = 3142  # apt-cacher-ng's own default, on the rack's gateway address


class Nameplate(msgspec.Struct, frozen=True):
    """What the hardware says of itself; told to inventory and BMC, not enforced (the host's kernel is shared)."""

    cpus: int = 8
    memory_mb: int = 16384
    disk_gb: int = 100


class RackSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A rack as it was ordered. `uuid` is made once, and serial numbers, MACs and system ids follow from it."""

    name: str
    uuid: str
    machines: int
    subnet: str
    bmc_port: int
    apt_proxy_port: int
    nameplate: Nameplate = Nameplate()

    @property
    def netns(self) -> str:
        """The network namespace with the rack's bridge."""
        return f"cp-{self.name}"

    @property
    def network(self) -> ipaddress.IPv4Network:
        """The rack's one network."""
        return ipaddress.IPv4Network(self.subnet)

    @property
    def gateway(self) -> str:
        """The bridge's address: the first of the subnet."""
        return str(self.network.network_address + 1)

    def machine_specs(self) -> list["MachineSpec"]:
        """All machines, in their order in the rack: m1, m2, …"""
        return [MachineSpec.of(self, number) for number in range(1, self.machines + 1)]


class MachineSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One machine as it left the factory."""

    name: str
    serial: str
    system_id: str
    mac: str
    netns: str
    bmc_port: int
    nameplate: Nameplate

    @classmethod
    def of(cls, rack: RackSpec, number: int) -> "MachineSpec":
        """Machine `number` (from 1) of a rack; the same each time it is asked for."""
        system_id = str(uuid.uuid5(uuid.UUID(rack.uuid), f"machine-{number}"))
        digest = hashlib.sha256(system_id.encode()).hexdigest()
        return cls(
            name=f"m{number}",
            serial=f"CP{digest[:8].upper()}",
            system_id=system_id,
            mac="02:4c:" + ":".join(digest[k : k + 2] for k in range(8, 16, 2)),  # 02: locally administered
            netns=f"{rack.netns}-m{number}",
            bmc_port=rack.bmc_port + number - 1,
            nameplate=rack.nameplate,
        )


def check(spec: RackSpec) -> None:
    """Raise `RackError` with the first thing that is wrong with an order."""
    if not RACK_NAME.fullmatch(spec.name):
        raise RackError(f"Rack name {spec.name!r}: at most 8 of a-z and 0-9, a letter first.")
    if not 1 <= spec.machines <= MAX_MACHINES:
        raise RackError(f"A rack holds 1 to {MAX_MACHINES} machines, not {spec.machines}.")
    try:
        network = spec.network
    except ValueError as error:
        raise RackError(f"Subnet {spec.subnet!r}: {error}.") from error
    if network.num_addresses < spec.machines + 3:
        raise RackError(f"Subnet {spec.subnet} has no room for {spec.machines} machines and a gateway.")
    if not 1024 <= spec.bmc_port <= 65535 - spec.machines:
        raise RackError(f"BMC port {spec.bmc_port}: the first of {spec.machines} ports above 1023.")
