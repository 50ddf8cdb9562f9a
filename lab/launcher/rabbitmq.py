"""A private RabbitMQ from Debian's binaries: loopback only, own epmd, own user, all files in one folder.

Ports: AMQP on ``port``, Erlang's distribution on the next, Erlang's port mapper (epmd) on the one after.
"""

import os
import secrets
import signal
import socket
import subprocess
from pathlib import Path

from lab.launcher.processes import ServerFailed, end_process, is_alive, tail, wait_until

_SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_USER = "cloudpoint"
_AMQP_0_9_1 = b"AMQP\x00\x00\x09\x01"
_METHOD_FRAME = b"\x01"


class PrivateRabbit:
    """One broker. ``state_dir`` keeps data, logs, Erlang's cookie and the password of the only user."""

    def __init__(self, state_dir: Path, port: int) -> None:
        self.state_dir = state_dir.absolute()
        self.port = port
        self._password_file = self.state_dir / "password"
        self._pid_file = self.state_dir / "rabbit.pid"
        self._epmd_pid_file = self.state_dir / "epmd.pid"
        self._output = self.state_dir / "output.log"
        self._children: list[subprocess.Popen[bytes]] = []

    @property
    def url(self) -> str:
        """The broker's address; known once it was prepared or started for the first time."""
        return f"amqp://{_USER}:{self._password_file.read_text().strip()}@127.0.0.1:{self.port}/"

    @property
    def pid(self) -> int | None:
        """The process id of the Erlang machine while it runs."""
        return self._living(self._pid_file, str(self.state_dir))

    def running(self) -> bool:
        """Say whether the broker of this folder runs, whoever started it."""
        return self.pid is not None

    def start(self, deadline_seconds: float = 60.0) -> None:
        """Start it, or adopt it when it runs; returns when it speaks AMQP. Raises ServerFailed."""
        if not _SERVER.exists():
            raise ServerFailed(f"{_SERVER} is missing: install Debian's package rabbitmq-server.")
        self.prepare()
        if not self.running():
            self._start_epmd()
            self._launch()
        if not wait_until(self._is_ready_or_dead, deadline_seconds) or not self._speaks_amqp():
            raise ServerFailed(f"RabbitMQ did not start in {deadline_seconds:.0f} s:\n{tail(self._output)}")

    def stop(self, deadline_seconds: float = 30.0) -> None:
        """Stop broker and port mapper cleanly; nothing happens when they do not run."""
        self._end(signal.SIGTERM, deadline_seconds)

    def freeze(self) -> None:
        """Have it stand still until it is killed: what is sent to it stays in the kernel and is lost then."""
        if (pid := self.pid) is not None:
            os.kill(pid, signal.SIGSTOP)

    def kill(self) -> None:
        """Kill it at once, as a crash would (for tests of faults)."""
        self._end(signal.SIGKILL, 10.0)

    def _end(self, sign: signal.Signals, deadline_seconds: float) -> None:
        if (pid := self.pid) is not None:
            end_process(pid, str(self.state_dir), gently=sign, deadline_seconds=deadline_seconds)
        if (epmd := self._living(self._epmd_pid_file, "epmd")) is not None:
            end_process(epmd, "epmd", gently=signal.SIGTERM, deadline_seconds=5.0)
        for child in self._children:
            child.wait(deadline_seconds)
        self._children = []
        self._pid_file.unlink(missing_ok=True)
        self._epmd_pid_file.unlink(missing_ok=True)

    def _living(self, pid_file: Path, marker: str) -> int | None:
        try:
            pid = int(pid_file.read_text())
        except (OSError, ValueError):
            return None
        return pid if is_alive(pid, marker) else None

    def prepare(self) -> None:
        """Write its password and configuration; from then on its address is known."""
        self.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self._password_file.exists():
            self._password_file.touch(mode=0o600)
            self._password_file.write_text(secrets.token_urlsafe(24))
        settings = (
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\n"
            f"default_user = {_USER}\ndefault_pass = {self._password_file.read_text().strip()}\n"
            "loopback_users = none\ndisk_free_limit.absolute = 100MB\nvm_memory_high_watermark.absolute = 1GB\n"
        )
        configuration = self.state_dir / "rabbitmq.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(settings)
        (self.state_dir / "plugins").write_text("[].\n")

    def _start_epmd(self) -> None:
        """Run the port mapper as our own child: Erlang would leave a daemon behind."""
        if self._living(self._epmd_pid_file, "epmd") is not None:
            return
        child = self._spawn(["epmd", "-port", str(self.port + 2), "-address", "127.0.0.1"])
        self._epmd_pid_file.write_text(str(child.pid))
        if (
            not wait_until(lambda: child.poll() is not None or _listens(self.port + 2), 10.0)
            or child.poll() is not None
        ):
            raise ServerFailed(f"Erlang's port mapper did not start on {self.port + 2}:\n{tail(self._output)}")

    def _launch(self) -> None:
        self._pid_file.unlink(missing_ok=True)
        self._spawn([str(_SERVER)])

    def _spawn(self, command: list[str]) -> "subprocess.Popen[bytes]":
        with self._output.open("ab") as output:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.state_dir,
                env=self._environment(),
                start_new_session=True,
            )
        self._children.append(child)
        return child

    def _is_ready_or_dead(self) -> bool:
        return any(child.poll() is not None for child in self._children) or self._speaks_amqp()

    def _speaks_amqp(self) -> bool:
        """Open a connection and see the broker's first frame (connection.start, AMQP 0-9-1 section 2.2.4)."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1.0) as connection:
                connection.sendall(_AMQP_0_9_1)
                return connection.recv(1) == _METHOD_FRAME
        except OSError:
            return False

    def _environment(self) -> dict[str, str]:
        folder = str(self.state_dir)
        return {
            "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
            "LC_ALL": "C.UTF-8",
            "HOME": folder,
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self.port + 2),
            "ERL_CRASH_DUMP": os.devnull,
            "RABBITMQ_NODENAME": f"cloudpoint-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self.port + 1),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none",
            "RABBITMQ_MNESIA_BASE": f"{folder}/mnesia",
            "RABBITMQ_LOG_BASE": f"{folder}/log",
            "RABBITMQ_SCHEMA_DIR": f"{folder}/schema",
            "RABBITMQ_GENERATED_CONFIG_DIR": f"{folder}/config",
            "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq.conf",
            "RABBITMQ_CONF_ENV_FILE": f"{folder}/no-environment-file",
            "RABBITMQ_ADVANCED_CONFIG_FILE": f"{folder}/no-advanced-config",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/plugins",
            "RABBITMQ_PID_FILE": str(self._pid_file),
        }


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5):
            return True
    except OSError:
        return False
