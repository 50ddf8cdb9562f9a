"""The rack itself: mains power, network, machines and their BMCs, held together by one process."""

import asyncio
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from lab.rack import apt_relay, control, image, network, processes
from lab.rack.apt_cache import AptCache
from lab.rack.bmc.process import BmcProcess
from lab.rack.claims import claim, clear_leftovers
from lab.rack.errors import RackError, UnknownMachineError
from lab.rack.folders import RackFolder, write_record
from lab.rack.machine import Machine
from lab.rack.requests import VERBS
from lab.rack.spec import RackSpec
from lab.rack.state import MachineStatus


class Rack:
    """One rack under power. `run` lasts until SIGTERM or `stop`; then the mains are cut."""

    def __init__(self, spec: RackSpec, folder: RackFolder, cache_root: Path, image_id: str) -> None:
        self.spec, self.folder = spec, folder
        self._cache_root, self._image = cache_root, image_id
        self._apt_cache = AptCache(cache_root)
        self._apt_relay: int | None = None
        self._ended = asyncio.Event()
        self.machines: dict[str, Machine] = {}
        self.bmcs: dict[str, BmcProcess] = {}

    async def run(self) -> None:
        """Power the rack, serve it, and cut the power at the end."""
        claim(self.folder)  # held until the process has ended: `down` waits for that
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        try:
            await self._power_up()
            server = await control.listen(self.folder.socket, self._handle)
            print(f"rack {self.spec.name}: ready, {len(self.machines)} machines", flush=True)
            await self._ended.wait()
            server.close()
        finally:
            await self._cut_mains()

    def stop(self) -> None:
        """End `run`."""
        self._ended.set()

    def machine(self, name: str) -> Machine:
        """The machine of that name."""
        if name not in self.machines:
            raise UnknownMachineError(f"Rack {self.spec.name} has no machine {name!r}: {', '.join(self.machines)}.")
        return self.machines[name]

    def status(self, machine: Machine) -> MachineStatus:
        """What there is to say of a machine now."""
        state, spec = machine.state, machine.spec
        return MachineStatus(
            name=spec.name, serial=spec.serial, system_id=spec.system_id, mac=spec.mac, netns=spec.netns,
            nameplate=spec.nameplate, bmc_url=f"http://127.0.0.1:{spec.bmc_port}",
            bmc_alive=self.bmcs[spec.name].is_running, power="On" if machine.is_on else "Off", system=machine.system,
            plugged=state.plugged, boot=state.boot, media=state.media, disk=state.disk, faults=state.faults,
        )  # fmt: skip

    async def _power_up(self) -> None:
        clear_leftovers(self.spec.name)
        network.make_bridge(self.spec)
        cache_port = self._apt_cache.acquire(self.spec.apt_proxy_port)
        log = self.folder.path / "apt-relay.log"
        self._apt_relay = processes.fork("apt-relay", log, partial(apt_relay.run, self.spec, cache_port))
        for spec in self.spec.machine_specs():
            folder = self.folder.machine(spec.name)
            machine = Machine(self.spec, spec, folder, self._cache_root, self._image, self.folder.shared)
            self.machines[spec.name] = machine
            self.bmcs[spec.name] = BmcProcess(spec, folder, self.folder)
        plugged = [machine for machine in self.machines.values() if machine.state.plugged]
        await asyncio.gather(*(self.restore_power(machine) for machine in plugged))

    async def restore_power(self, machine: Machine) -> None:
        """Mains power is back at a machine: its BMC starts, and the machine too if it was on."""
        await self.bmcs[machine.spec.name].start(machine.state.faults)
        if machine.state.power_on:
            await machine.power_on()

    async def _cut_mains(self) -> None:
        await asyncio.gather(*(machine.lose_power("mains power lost") for machine in self.machines.values()))
        await asyncio.gather(*(bmc.kill() for bmc in self.bmcs.values()))
        for machine in self.machines.values():
            machine.console.close()
        if self._apt_relay is not None:
            os.kill(self._apt_relay, signal.SIGKILL)
            await processes.wait_for_exit(self._apt_relay)
        self._apt_cache.release()
        self.folder.socket.unlink(missing_ok=True)
        clear_leftovers(self.spec.name)

    async def _handle(self, request: control.Request) -> Any:
        verb = VERBS.get(request.verb)
        if verb is None:
            raise RackError(f"The rack knows no `{request.verb}`.")
        return msgspec.to_builtins(await verb(self, **request.arguments))


def serve(spec: RackSpec, state_root: Path, cache_root: Path) -> None:
    """Run a rack in this process until SIGTERM or SIGINT."""
    folder = RackFolder.of(state_root, spec.name)
    folder.make()
    write_record(folder.spec, spec)
    progress = partial(print, file=sys.stderr, flush=True)
    image_id = image.ensure_image(cache_root, spec.apt_proxy_port, progress)

    async def run() -> None:
        await Rack(spec, folder, cache_root, image_id).run()

    asyncio.run(run())
