"""Starting, stopping and stalling a BMC's process."""

import asyncio
import contextlib
import os
import signal
from typing import Any

from lab.rack import processes
from lab.rack.bmc.app import create_app
from lab.rack.bmc.context import BmcContext
from lab.rack.errors import RackError
from lab.rack.folders import MachineFolder, RackFolder
from lab.rack.spec import MachineSpec

LISTEN = "127.0.0.1"
START_DEADLINE_S = 20


class BmcProcess:
    """The BMC of one machine, as the rack sees it. It may die by itself; then it stays dead until it is mended."""

    def __init__(self, spec: MachineSpec, folder: MachineFolder, rack: RackFolder) -> None:
        self.spec = spec
        self._folder = folder
        self._context = BmcContext(spec, folder.media, rack.socket, rack.bmc_password())
        self._pid: int | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        return self._pid is not None

    async def start(self, faults: tuple[str, ...]) -> None:
        """Start the process unless it runs or is broken, wait until it answers, and let it be as broken as it is.

        Raises:
            RackError: It did not answer in time.
        """
        if "bmc-dead" in faults:
            return
        if self._pid is None:
            self._pid = processes.fork(f"bmc-{self.spec.name}", self._folder.bmc_log, self._work)
            self._watch = asyncio.create_task(self._reap(self._pid))
            await self._wait_until_ready()
        self._signal(signal.SIGSTOP if "bmc-hang" in faults else signal.SIGCONT)

    async def obey(self, faults: tuple[str, ...]) -> None:
        """Be as broken as the faults say."""
        if "bmc-dead" in faults:
            await self.kill()
        await self.start(faults)

    async def kill(self) -> None:
        """End the process at once."""
        self._signal(signal.SIGKILL)
        if self._watch is not None:
            await self._watch

    async def _wait_until_ready(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_DEADLINE_S):
                while self.is_running:
                    with contextlib.suppress(OSError):
                        _, writer = await asyncio.open_connection(LISTEN, self.spec.bmc_port)
                        writer.close()
                        return
                    await asyncio.sleep(0.02)
        raise RackError(
            f"The BMC of {self.spec.name} did not answer on {LISTEN}:{self.spec.bmc_port} within {START_DEADLINE_S} s: "
            f"see {self._folder.bmc_log}."
        )

    def _signal(self, number: int) -> None:
        if self._pid is not None:
            os.kill(self._pid, number)

    async def _reap(self, pid: int) -> None:
        await processes.wait_for_exit(pid)
        self._pid = None

    def _work(self) -> None:
        asyncio.run(serve(self._context))


async def serve(context: BmcContext) -> None:
    """Run the BMC's service on its port, until the process is killed."""
    app = create_app(context)
    server: Any = await app.create_server(host=LISTEN, port=context.spec.bmc_port, return_asyncio_server=True)
    await server.startup()
    await server.before_start()
    await server.after_start()
    await asyncio.Event().wait()
