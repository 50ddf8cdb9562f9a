"""Machines behind a Redfish BMC, by the sushy library.

sushy is what Ironic itself uses, so quirks of BMCs are met the same way. It blocks, so each call runs in one of a
bounded number of threads, one call at a time per node, with a deadline.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import sushy
from sushy import auth, connector, exceptions

from lab.simcloud.config import Tuning
from lab.simcloud.ironic.drivers.driver import DriverError, Media
from lab.simcloud.ironic.records import Node
from lab.simcloud.ironic.states import POWER_OFF, POWER_ON, REBOOT, SOFT_OFF, SOFT_REBOOT

T = TypeVar("T")

MEDIA_REFUSED = (
    "All virtual media mount attempts failed. Error encountered: Inserting virtual media into VirtualMediaType.CD "
    "failed for node {node}, moving to next virtual media device, if available. {error}."
)
RESETS = {
    POWER_ON: sushy.RESET_ON,
    POWER_OFF: sushy.RESET_FORCE_OFF,
    REBOOT: sushy.RESET_FORCE_RESTART,
    SOFT_OFF: sushy.RESET_GRACEFUL_SHUTDOWN,
    SOFT_REBOOT: sushy.RESET_GRACEFUL_RESTART,
}
STATES = {sushy.SYSTEM_POWER_STATE_ON: POWER_ON, sushy.SYSTEM_POWER_STATE_OFF: POWER_OFF}
BOOT_MEDIA = (sushy.VIRTUAL_MEDIA_CD, sushy.VIRTUAL_MEDIA_DVD)
DRIVE_MEDIA = (sushy.VIRTUAL_MEDIA_USBSTICK, sushy.VIRTUAL_MEDIA_FLOPPY)
POWER_WAIT_SECONDS = 60.0
REQUIRED_INFO = ("redfish_address",)


class RedfishDriver:
    """Drives machines by their BMCs."""

    def __init__(self, tuning: Tuning, threads: int = 16) -> None:
        """tuning: its `bmc_timeout_seconds` is of one Redfish request."""
        self._tuning = tuning
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="redfish")
        self._systems: dict[str, tuple[tuple[str, ...], Any]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    def missing_info(self, node: Node) -> str | None:
        """The address of the BMC is needed; the rest has defaults."""
        missing = [key for key in REQUIRED_INFO if not node.driver_info.get(key)]
        return f"Missing {', '.join(missing)} in node's driver_info" if missing else None

    async def power_state(self, node: Node) -> str:
        """Asks the BMC."""
        return await self._ask(node, _power_state)

    async def set_power(self, node: Node, target: str) -> None:
        """Resets the system and waits until the BMC says that it is so."""
        await self._ask(node, lambda system: _set_power(system, target))

    async def insert(self, node: Node, media: Media) -> None:
        """Fills the drives and sets the boot source to CD for good, as Ironic's `ramdisk` deploy does."""

        def do(system: Any) -> None:
            try:
                _insert(system, BOOT_MEDIA, media.boot_iso)
            except exceptions.HTTPError as error:
                raise DriverError(MEDIA_REFUSED.format(node=node.id, error=error)) from error
            if media.config_drive:
                _insert(system, DRIVE_MEDIA, media.config_drive)
            _boot_from_cd(system)

        await self._ask(node, do)

    async def eject(self, node: Node) -> None:
        """Empties all drives."""
        await self._ask(node, _eject_all)

    async def _ask(self, node: Node, do: Callable[[Any], T]) -> T:
        missing = self.missing_info(node)
        if missing:
            raise DriverError(missing)
        lock = self._locks.setdefault(node.id, asyncio.Lock())
        async with lock:
            try:
                call = asyncio.get_running_loop().run_in_executor(self._pool, self._on_system, node, do)
                async with asyncio.timeout(POWER_WAIT_SECONDS + 4 * self._tuning.bmc_timeout_seconds):
                    return await call
            except TimeoutError as error:
                self._systems.pop(node.id, None)
                raise DriverError(f"Redfish: no answer from {node.driver_info['redfish_address']} in time") from error
            except (exceptions.SushyError, ValueError) as error:
                self._systems.pop(node.id, None)
                raise DriverError(f"Redfish exception occurred. Error: {error}") from error

    def _on_system(self, node: Node, do: Callable[[Any], T]) -> T:
        key = tuple(f"{name}={value}" for name, value in sorted(node.driver_info.items()))
        known = self._systems.get(node.id)
        if known is None or known[0] != key:
            self._systems[node.id] = known = (key, self._connect(node.driver_info))
        system = known[1]
        system.invalidate(force_refresh=True)
        return do(system)

    def _connect(self, info: dict[str, Any]) -> Any:
        address = str(info["redfish_address"]).rstrip("/")
        link = connector.Connector(address, verify=False, default_request_timeout=self._tuning.bmc_timeout_seconds)
        name, password = info.get("redfish_username"), info.get("redfish_password")
        basic = auth.BasicAuth(username=name, password=password) if name else None
        root = sushy.Sushy(address, connector=link, auth=basic)
        system_id = info.get("redfish_system_id")
        return root.get_system(system_id) if system_id else root.get_system()


def _power_state(system: Any) -> str:
    system.refresh(force=False)
    state = STATES.get(system.power_state)
    if state is None:
        raise ValueError(f"the BMC calls the power state {system.power_state!r}")
    return state


def _set_power(system: Any, target: str) -> None:
    before = _power_state(system)
    if target in (REBOOT, SOFT_REBOOT) and before == POWER_OFF:
        target = POWER_ON
    wanted = POWER_OFF if target in (POWER_OFF, SOFT_OFF) else POWER_ON
    if before == wanted and target in (POWER_ON, POWER_OFF, SOFT_OFF):
        return
    system.reset_system(RESETS[target])
    deadline = time.monotonic() + POWER_WAIT_SECONDS
    while time.monotonic() < deadline:
        system.invalidate(force_refresh=True)
        if _power_state(system) == wanted:
            return
        time.sleep(0.1)
    raise ValueError(f"the machine did not reach {wanted!r} within {POWER_WAIT_SECONDS:.0f} s")


def _media(system: Any) -> list[Any]:
    try:
        return list(system.virtual_media.get_members())
    except exceptions.MissingAttributeError:
        return [media for manager in system.managers for media in manager.virtual_media.get_members()]


def _insert(system: Any, kinds: tuple[Any, ...], address: str) -> None:
    for media in _media(system):
        if any(kind in media.media_types for kind in kinds):
            if media.inserted:
                media.eject_media()
            media.insert_media(address, inserted=True, write_protected=True)
            return
    raise ValueError(f"the BMC has no drive of type {' or '.join(str(kind) for kind in kinds)}")


def _eject_all(system: Any) -> None:
    for media in _media(system):
        if media.inserted:
            media.eject_media()


def _boot_from_cd(system: Any) -> None:
    try:
        system.set_system_boot_options(sushy.BOOT_SOURCE_TARGET_CD, enabled=sushy.BOOT_SOURCE_ENABLED_CONTINUOUS)
    except exceptions.BadRequestError:
        system.set_system_boot_options(sushy.BOOT_SOURCE_TARGET_CD, enabled=sushy.BOOT_SOURCE_ENABLED_ONCE)
