"""One machine: power, and the system that runs while it is on."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

import msgspec

from lab.rack import cgroups, firmware, image, network, processes, settings
from lab.rack.console import Console
from lab.rack.errors import ConflictError
from lab.rack.folders import MachineFolder, erase, read_record, write_record
from lab.rack.spec import MachineSpec, RackSpec
from lab.rack.state import Disk, MachineState

BOOT_SCRIPT = Path(__file__).resolve().parent / "boot.sh"
# How the kernel reports reboot(2) in a pid namespace: its init "was killed" by these (pid_namespaces(7)).
REBOOTED = 128 + signal.SIGHUP
POWERED_OFF = 128 + signal.SIGINT
# What systemd does on these (systemd(1), SIGNALS).
POWER_OFF_SIGNAL = signal.SIGRTMIN + 4
REBOOT_SIGNAL = signal.SIGRTMIN + 5
OFF_DEADLINE_S = 15


class Machine:
    """Power and system of one machine. Only this object changes the machine's remembered state."""

    def __init__(
        self, rack: RackSpec, spec: MachineSpec, folder: MachineFolder, cache_root: Path, image_id: str, shared: Path
    ) -> None:
        self.rack, self.spec, self.folder = rack, spec, folder
        self._cache_root, self._image, self._shared = cache_root, image_id, shared
        folder.make()
        self.state = read_record(folder.state, MachineState) or MachineState()
        self.console = Console(folder.console)
        self.system = "off"
        self._group = cgroups.of_machine(spec.netns)
        self._life: asyncio.Task[None] | None = None
        self._cut = asyncio.Event()
        self._process: int | None = None

    @property
    def is_on(self) -> bool:
        return self._life is not None and not self._life.done()

    def remember(self, **changes: object) -> None:
        """Change the non-volatile state, on disk before anyone sees it."""
        state = msgspec.structs.replace(self.state, **changes)
        write_record(self.folder.state, state)
        self.state = state

    async def power_on(self) -> None:
        """Turn the machine on; nothing if it is."""
        if not self.state.plugged:
            raise ConflictError(f"{self.spec.name} has no mains power: its plug is pulled.")
        self.remember(power_on=True)
        if not self.is_on:
            self._cut.clear()
            self._life = asyncio.create_task(self._live(), name=f"machine {self.spec.name}")

    async def force_off(self) -> None:
        """Take the power away at once; nothing if it is off."""
        self.remember(power_on=False)
        await self.lose_power("power off")

    async def force_restart(self) -> None:
        """Take the power away and give it back."""
        await self.lose_power("power cycle")
        await self.power_on()

    def press_power_button(self) -> None:
        """Ask the system to shut down; it may take its time, or hang."""
        self._signal_init(POWER_OFF_SIGNAL, "power button pressed")

    def press_reset_softly(self) -> None:
        """Ask the system to reboot."""
        self._signal_init(REBOOT_SIGNAL, "restart requested")

    async def lose_power(self, why: str) -> None:
        """Mains or power supply gone: everything that runs ends now. What was remembered stays remembered."""
        if not self.is_on:
            return
        self.console.say(why)
        self._cut.set()
        cgroups.kill(self._group)
        self._signal(self._process, signal.SIGKILL)  # it may not yet have joined its group
        assert self._life
        async with asyncio.timeout(OFF_DEADLINE_S):
            await asyncio.shield(self._life)

    def freeze(self, frozen: bool) -> None:
        """Hang the running system, or let it run on."""
        cgroups.freeze(self._group, frozen)

    def set_carrier(self, up: bool) -> None:
        """Pull or put back the network cable."""
        network.set_carrier(self.rack, self.spec, up)

    async def _live(self) -> None:
        """From power on to power off, through as many reboots as the system wants."""
        try:
            while not self._cut.is_set() and await self._boot() == REBOOTED:
                self.console.say("system reboots")
        except Exception as error:
            self.console.say(f"power failure: {error}")
        finally:
            self.system = "off"

    async def _boot(self) -> int:
        """Run one boot to its end; return how it ended. A system that crashed stays on, dead, until the power goes."""
        occupant = firmware.read_occupant(self.folder, self.state)
        plan = firmware.plan_boot(self.state, occupant.instance, self._image)
        self.console.say(plan.says)
        self.remember(boot=firmware.consume_override(self.state.boot), faults=firmware.cured(self.state.faults))
        if plan.kind == "halt":
            self.system = plan.says
            await self._cut.wait()
            return 0
        code = await self._run_system(plan, firmware.share_of(self._shared, occupant))
        if code == POWERED_OFF and not self._cut.is_set():
            self.console.say("system powered off")
            self.remember(power_on=False)
        elif code != REBOOTED and not self._cut.is_set():
            self.system = f"crashed with code {code}"
            self.console.say(f"system crashed with code {code}, machine halted")
            await self._cut.wait()
        return code

    async def _run_system(self, plan: firmware.BootPlan, share: Path | None) -> int:
        layers = self._prepare_layers(plan)
        cgroups.make(self._group)
        network.plug_cable(self.rack, self.spec)
        if "no-network" in self.state.faults:
            self.set_carrier(False)
        try:
            become = self._enter(plan.disk, layers, share)
            self._process = processes.fork(self.spec.netns, self.console.terminal, become)
            self.system = "running"
            return await processes.wait_for_exit(self._process)
        finally:
            self._process = None
            cgroups.remove(self._group)
            network.unplug_cable(self.rack, self.spec)

    def _prepare_layers(self, plan: firmware.BootPlan) -> Path:
        """The folder with the writable layer of this boot; wiped if the disk changes hands."""
        erase(self.folder.scratch)
        if plan.wipe:
            self.remember(disk=Disk())
            erase(self.folder.disk)
            self.remember(disk=plan.disk)
        layers = self.folder.disk if plan.kind == "disk" else self.folder.scratch
        for name in ("upper", "work"):
            (layers / name).mkdir(parents=True, exist_ok=True)
        return layers

    def _enter(self, disk: Disk, layers: Path, share: Path | None) -> Callable[[], None]:
        """What the forked process does to become the machine's system."""
        lower = image.image_path(self._cache_root, disk.image)
        if share is not None:
            share.mkdir(exist_ok=True)
        command = [
            "nsenter", f"--net={network.NETNS_FOLDER / self.spec.netns}",
            "unshare", "--mount", "--uts", "--ipc", "--pid", "--cgroup", "--fork", "--kill-child",
            str(BOOT_SCRIPT), str(self.folder.root), str(lower), str(layers / "upper"), str(layers / "work"),
            str(self.console.terminal), str(share or ""), *firmware.media_arguments(self.folder, self.state),
        ]  # fmt: skip

        def become() -> None:
            cgroups.join(self._group)
            os.execvpe(command[0], command, settings.build_environment())

        return become

    def _signal_init(self, number: int, why: str) -> None:
        self.console.say(why)
        self._signal(self._init_pid(), number)

    @staticmethod
    def _signal(pid: int | None, number: int) -> None:
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _init_pid(self) -> int | None:
        """The system's pid 1 as the host sees it: the only child of `unshare`."""
        if self._process is None:
            return None
        with contextlib.suppress(FileNotFoundError):
            children = Path(f"/proc/{self._process}/task/{self._process}/children").read_text().split()
            return int(children[0]) if children else None
        return None
