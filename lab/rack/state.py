"""What a machine remembers without power, and what it shows of itself."""

from typing import Literal

import msgspec

from lab.rack.spec import Nameplate

Device = Literal["Cd", "Floppy"]
BootTarget = Literal["None", "Cd", "Hdd", "Pxe", "Usb"]
BootEnabled = Literal["Disabled", "Once", "Continuous"]


class Medium(msgspec.Struct, frozen=True):
    """An image in a virtual drive. `file` lies in the machine's media folder; `url` is where it was fetched."""

    file: str
    url: str


class BootOverride(msgspec.Struct, frozen=True):
    """Redfish's boot source override (DSP0268, ComputerSystem.Boot)."""

    target: BootTarget = "None"
    enabled: BootEnabled = "Disabled"
    mode: Literal["UEFI", "Legacy"] = "UEFI"


class Disk(msgspec.Struct, frozen=True):
    """Whose the disk is: the instance that it was made for, and the image below it. Empty: a blank disk."""

    instance: str = ""
    image: str = ""


class MachineState(msgspec.Struct, frozen=True, kw_only=True):
    """Non-volatile state of one machine."""

    power_on: bool = False
    plugged: bool = True
    boot: BootOverride = BootOverride()
    media: dict[Device, Medium] = {}
    disk: Disk = Disk()
    faults: tuple[str, ...] = ()


class MachineStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One machine as a person, the inventory and its BMC see it. `system` says what runs on it."""

    name: str
    serial: str
    system_id: str
    mac: str
    netns: str
    nameplate: Nameplate
    bmc_url: str
    bmc_alive: bool
    power: Literal["On", "Off"]
    system: str
    plugged: bool
    boot: BootOverride
    media: dict[Device, Medium]
    disk: Disk
    faults: tuple[str, ...]
