"""The package cache: one apt-cacher-ng for each cache folder, shared by all racks, gone with its last user."""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from lab.privileges.identity import own_cache
from lab.rack import apt_sources, settings
from lab.rack.errors import RackError

START_DEADLINE_S = 15
STOP_DEADLINE_S = 10
SUPPORT_FILES = "/usr/lib/apt-cacher-ng"
# Days after which a package in no index is dropped (apt-cacher-ng, ExThreshold).
KEEP_DAYS = 30
# The highest that apt-cacher-ng 3.7 listens on.
_LAST_PORT = 32768


class AptCache:
    """The cache of one folder. Users hold a shared lock; who can take it alone is the last and stops the daemon."""

    def __init__(self, cache_root: Path) -> None:
        self.folder = own_cache(cache_root) / "apt"
        self._users: IO[str] | None = None

    def acquire(self, port: int) -> int:
        """Start the cache on loopback unless it runs; return the port on which it answers: `port` or the next free one.

        Raises:
            RackError: It did not answer within its deadline.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._users = (self.folder / "users.lock").open("w")
        with self._starting():
            fcntl.flock(self._users, fcntl.LOCK_SH)
            running = self._running()
            if running is None:
                running = next(free for free in range(port, _LAST_PORT) if not _answers(free))
                self._start(running)
        return running

    def release(self) -> None:
        """Leave the cache, and stop it if no one else uses it."""
        if self._users is None:
            self._users = (self.folder / "users.lock").open("w") if self.folder.exists() else None
        if self._users is None:
            return
        with self._starting(), self._users, contextlib.suppress(BlockingIOError):
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._stop()
        self._users = None

    @contextlib.contextmanager
    def running(self, port: int) -> Iterator[int]:
        """The cache for the length of a block; gives the port."""
        try:
            yield self.acquire(port)
        finally:
            self.release()

    @contextlib.contextmanager
    def _starting(self) -> Iterator[None]:
        with (self.folder / "start.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _start(self, port: int) -> None:
        config = self._write_config(port)
        log = (self.folder / "daemon.log").open("w")
        with log:
            daemon = subprocess.Popen(
                ["apt-cacher-ng", "-c", str(config)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env=settings.build_environment(),
            )  # fmt: skip
        (self.folder / "running").write_text(f"{daemon.pid} {port}")
        deadline = time.monotonic() + START_DEADLINE_S
        while not _answers(port):
            if daemon.poll() is not None or time.monotonic() > deadline:
                self._stop()
                raise RackError(
                    f"The package cache did not start on 127.0.0.1:{port} within {START_DEADLINE_S} s; "
                    f"its words are in {self.folder / 'daemon.log'}"
                )
            time.sleep(0.05)

    def _write_config(self, port: int) -> Path:
        config = self.folder / "config"
        config.mkdir(exist_ok=True)
        proxy = apt_sources.host_proxy()
        lines = [
            f"CacheDir: {self.folder / 'packages'}", f"LogDir: {self.folder / 'log'}", f"SupportDir: {SUPPORT_FILES}",
            f"SocketPath: {self.folder / 'socket'}", f"Port: {port}", "BindAddress: 127.0.0.1", "ForeGround: 1",
            f"AllowUserPorts: {' '.join(sorted(self._mirror_ports()))}",
            f"ExThreshold: {KEEP_DAYS}", *([f"Proxy: {proxy}"] if proxy else []),
        ]  # fmt: skip
        for name in ("packages", "log"):
            (self.folder / name).mkdir(exist_ok=True)
        (config / "acng.conf").write_text("\n".join(lines) + "\n")
        return config

    @staticmethod
    def _mirror_ports() -> set[str]:
        """Ports that the cache may connect to: those of the mirrors."""
        uris = [urlsplit(source.uri) for source in apt_sources.host_sources()]
        return {str(uri.port or {"https": 443}.get(uri.scheme, 80)) for uri in uris}

    def _running(self) -> int | None:
        """The port of the daemon that this folder's record names, if it lives and answers."""
        record = self._record()
        return record[1] if record and _is_cache(record[0], self.folder) and _answers(record[1]) else None

    def _stop(self) -> None:
        record = self._record()
        if record and _is_cache(record[0], self.folder):
            os.kill(record[0], signal.SIGTERM)
            deadline = time.monotonic() + STOP_DEADLINE_S
            while _is_cache(record[0], self.folder):
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(record[0], os.WNOHANG)
                if time.monotonic() > deadline:
                    os.kill(record[0], signal.SIGKILL)
                    break
                time.sleep(0.02)
        (self.folder / "running").unlink(missing_ok=True)

    def _record(self) -> tuple[int, int] | None:
        with contextlib.suppress(FileNotFoundError, ValueError):
            pid, port = (self.folder / "running").read_text().split()
            return int(pid), int(port)
        return None


def _is_cache(pid: int, folder: Path) -> bool:
    """Whether `pid` is still the daemon that serves `folder`: pids are used again."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return str(folder / "config").encode() in command.split(b"\0")


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
