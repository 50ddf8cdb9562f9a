"""A machine's serial console: a terminal whose output is kept in a file, with the firmware's own lines among it."""

import asyncio
import contextlib
import os
import time
from pathlib import Path

KEEP_BYTES = 1_000_000  # then the log starts anew and the old one is kept once


class Console:
    """One terminal for the machine's whole life; systems come and go on it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._master, self._slave = os.openpty()
        os.set_blocking(self._master, False)
        self.terminal = Path(os.ttyname(self._slave))
        asyncio.get_running_loop().add_reader(self._master, self._keep)

    def say(self, message: str) -> None:
        """Put a line of the firmware on the console."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self._write(f"[{stamp}] firmware: {message}\r\n".encode())

    def close(self) -> None:
        """Keep what is still in the terminal, and give it back."""
        self._keep()
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        os.close(self._slave)

    def _keep(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._write(os.read(self._master, 65536))

    def _write(self, content: bytes) -> None:
        if self.path.exists() and self.path.stat().st_size > KEEP_BYTES:
            self.path.replace(self.path.with_name(f"{self.path.name}.1"))
        with self.path.open("ab") as log:
            log.write(content)
