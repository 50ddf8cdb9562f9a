"""What the conductor asks of a machine's driver."""

from dataclasses import dataclass
from typing import Protocol

from lab.simcloud.ironic.records import Node


class DriverError(Exception):
    """The machine, or rather its BMC, did not do what it should; the text says what."""


@dataclass(frozen=True)
class Media:
    """Addresses of what a machine boots with; config_drive may be absent."""

    boot_iso: str
    config_drive: str | None


class Driver(Protocol):
    """Power and virtual media of one kind of hardware. All may raise DriverError."""

    def missing_info(self, node: Node) -> str | None:
        """What is wrong with the node's `driver_info`, or None."""

    async def power_state(self, node: Node) -> str:
        """`power on` or `power off`."""

    async def set_power(self, node: Node, target: str) -> None:
        """Does one of the power verbs of `states` and returns when it is done."""

    async def insert(self, node: Node, media: Media) -> None:
        """Inserts the media and makes the machine boot from the boot image from now on."""

    async def eject(self, node: Node) -> None:
        """Empties all drives."""
