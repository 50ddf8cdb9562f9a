"""What a machine does when power comes: which medium it boots, and on whose disk.

The boot ISO in the `Cd` drive stands for a live system that keeps its changes on the machine's disk, like Debian Live
with persistence; its content is not executed. The disk belongs to the instance of the config drive beside it: it
outlives reboots and power cuts of that instance, and is wiped before another instance's first boot. A system that
boots without a config drive runs from memory and leaves the disk as it is. Nothing boots from the disk alone, as
with Ironic's `ramdisk` deploy interface, so a machine whose media were ejected shows nobody what was left on it.
"""

import re
from pathlib import Path
from typing import Literal

import msgspec

from lab.rack.config_drive_reader.drive import read_iso
from lab.rack.folders import MachineFolder
from lab.rack.state import BootOverride, Disk, MachineState

SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class BootPlan(msgspec.Struct, frozen=True):
    """The firmware's decision, and its sentence for the console."""

    kind: Literal["halt", "scratch", "disk"]
    says: str
    disk: Disk = Disk()
    wipe: bool = False


class Occupant(msgspec.Struct, frozen=True):
    """Whose the machine is, by the config drive in its `Floppy` drive; empty strings without one."""

    instance: str = ""
    project: str = ""


def read_occupant(folder: MachineFolder, state: MachineState) -> Occupant:
    """The instance and project that the inserted config drive names."""
    medium = state.media.get("Floppy")
    drive = read_iso(folder.media / medium.file) if medium else None
    return Occupant(drive.uuid, str(drive.meta_data.get("project_id", ""))) if drive else Occupant()


def share_of(shared: Path, occupant: Occupant) -> Path | None:
    """The folder of the lab's file server that the occupant's project sees; none for a machine of no project."""
    if not SAFE_NAME.fullmatch(occupant.project):
        return None
    return shared / occupant.project


def plan_boot(state: MachineState, instance: str, image: str) -> BootPlan:
    """Decide what boots.

    Args:
        state: The machine's non-volatile state.
        instance: The instance's id in the inserted config drive, or empty.
        image: The image that a fresh disk gets.
    """
    if "no-boot" in state.faults:
        return BootPlan("halt", "memory training failed, system halted")
    if state.boot.enabled != "Disabled" and state.boot.target not in ("None", "Cd"):
        return BootPlan("halt", f"boot override {state.boot.target}: no bootable device, system halted")
    if "Cd" not in state.media:
        return BootPlan("halt", "no bootable device: insert a boot medium in the virtual CD, system halted")
    if not instance:
        return BootPlan("scratch", "booting from virtual CD, no config drive: changes stay in memory", Disk("", image))
    if state.disk.instance == instance:
        return BootPlan("disk", f"booting from virtual CD, disk of instance {instance}", state.disk)
    return BootPlan("disk", f"booting from virtual CD, fresh disk for instance {instance}", Disk(instance, image), True)


def consume_override(boot: BootOverride) -> BootOverride:
    """The override after a boot: `Once` is spent."""
    return BootOverride(mode=boot.mode) if boot.enabled == "Once" else boot


def cured(faults: tuple[str, ...]) -> tuple[str, ...]:
    """The faults that outlive a boot: a system that hung starts anew."""
    return tuple(fault for fault in faults if fault != "frozen")


def media_arguments(folder: MachineFolder, state: MachineState) -> list[str]:
    """The inserted media for boot.sh: `cd=FILE`, `usb=FILE`; a medium whose file is lost counts as ejected."""
    names = {"Cd": "cd", "Floppy": "usb"}
    files: dict[str, Path] = {names[device]: folder.media / medium.file for device, medium in state.media.items()}
    return [f"{name}={file}" for name, file in sorted(files.items()) if file.exists()]
