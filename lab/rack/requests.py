"""What the rack does when it is asked over its control socket: a table of verbs."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec

from lab.rack.errors import ConflictError, RackError
from lab.rack.faults import FAULTS
from lab.rack.state import BootOverride, Device, Medium

if TYPE_CHECKING:
    from lab.rack.machine import Machine
    from lab.rack.rack import Rack

RESET_TYPES = ("On", "ForceOn", "ForceOff", "GracefulShutdown", "GracefulRestart", "ForceRestart", "PowerCycle",
               "PushPowerButton")  # fmt: skip


async def list_machines(rack: "Rack") -> Any:
    """Status of all machines."""
    return [rack.status(machine) for machine in rack.machines.values()]


async def show(rack: "Rack", machine: str) -> Any:
    """Status of one machine."""
    return rack.status(rack.machine(machine))


async def reset(rack: "Rack", machine: str, kind: str) -> Any:
    """Redfish's ComputerSystem.Reset. Soft kinds return at once; the others when the power has changed."""
    target = rack.machine(machine)
    if kind not in RESET_TYPES:
        raise RackError(f"Reset type {kind!r}: one of {', '.join(RESET_TYPES)}.")
    if "power-stuck" not in target.state.faults:
        await _reset(target, kind)
    return rack.status(target)


async def _reset(target: "Machine", kind: str) -> None:
    if kind == "PushPowerButton":
        kind = "GracefulShutdown" if target.is_on else "On"
    if kind in ("On", "ForceOn"):
        await target.power_on()
    elif kind == "ForceOff":
        await target.force_off()
    elif kind == "GracefulShutdown":
        target.press_power_button()
    elif not target.is_on:
        await target.power_on()
    elif kind == "GracefulRestart":
        target.press_reset_softly()
    else:
        await target.force_restart()


async def set_boot(rack: "Rack", machine: str, boot: dict[str, str]) -> Any:
    """Change the boot source override; what is not named stays."""
    target = rack.machine(machine)
    try:
        override = msgspec.convert({**msgspec.to_builtins(target.state.boot), **boot}, BootOverride)
    except msgspec.ValidationError as error:
        raise RackError(f"Boot override: {error}") from error
    target.remember(boot=override)
    return rack.status(target)


async def insert(rack: "Rack", machine: str, device: Device, file: str, url: str) -> Any:
    """The BMC has put `file` into the media folder: it is in the drive from the next boot on."""
    target = rack.machine(machine)
    if "media-fail" in target.state.faults:
        raise ConflictError("the virtual media service does not respond")
    _remove_medium(target, device)
    target.remember(media={**target.state.media, device: Medium(file, url)})
    target.console.say(f"virtual {device} inserted: {url}")
    return rack.status(target)


async def eject(rack: "Rack", machine: str, device: Device) -> Any:
    """Empty a virtual drive; a system that runs keeps what it has of it until it reboots."""
    target = rack.machine(machine)
    if _remove_medium(target, device):
        target.console.say(f"virtual {device} ejected")
    return rack.status(target)


def _remove_medium(target: "Machine", device: Device) -> bool:
    medium = target.state.media.get(device)
    if medium is None:
        return False
    target.remember(media={name: other for name, other in target.state.media.items() if name != device})
    (target.folder.media / medium.file).unlink(missing_ok=True)
    return True


async def plug(rack: "Rack", machine: str, inserted: bool) -> Any:
    """Pull a machine's mains plug, BMC and all, or put it back."""
    target = rack.machine(machine)
    target.remember(plugged=inserted)
    if inserted:
        await rack.restore_power(target)
    else:
        await target.lose_power("mains plug pulled")
        await rack.bmcs[machine].kill()
    return rack.status(target)


async def set_fault(rack: "Rack", machine: str, fault: str, broken: bool) -> Any:
    """Break a machine in a named way, or mend it; `all` mends everything."""
    target = rack.machine(machine)
    names = list(target.state.faults) if fault == "all" and not broken else [fault]
    for name in names:
        if name not in FAULTS:
            raise RackError(f"Fault {name!r}: one of {', '.join(FAULTS)}.")
        kept = tuple(other for other in target.state.faults if other != name)
        target.remember(faults=(*kept, name) if broken else kept)
        await _take_effect(rack, target, name, broken)
    return rack.status(target)


async def _take_effect(rack: "Rack", target: "Machine", fault: str, broken: bool) -> None:
    """What of a fault shows at once; the rest is looked up when it matters."""
    if fault == "no-network":
        target.set_carrier(not broken)
    elif fault == "frozen":
        target.freeze(broken)
    elif fault in ("bmc-dead", "bmc-hang") and target.state.plugged:
        await rack.bmcs[target.spec.name].obey(target.state.faults)


async def stop(rack: "Rack") -> Any:
    """Cut the mains and end the rack's process."""
    rack.stop()


VERBS: dict[str, Callable[..., Awaitable[Any]]] = {
    "list": list_machines, "show": show, "reset": reset, "set-boot": set_boot, "insert": insert, "eject": eject,
    "plug": plug, "set-fault": set_fault, "stop": stop,
}  # fmt: skip
