"""Hosts for tests: real SSH servers with own addresses, in a network namespace that the test makes and removes.

Each has its own process ids and its own ``/run``, and shares the files of the machine that runs the tests: an element
that a test applies to one must keep to its own folder. It takes root, and Debian's ``openssh-server``.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_START = """
set -e
mount -t tmpfs -o mode=755,size=4m tmpfs /run
mkdir /run/sshd
exec /usr/sbin/sshd -D -e -f "$1"
"""

_SSHD_CONFIG = """
ListenAddress {address}
Port 22
HostKey {folder}/host_key
PidFile none
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
TrustedUserCAKeys {authority}.pub
AuthorizedKeysFile none
StrictModes no
AcceptEnv {accept_env}
MaxStartups 100
Subsystem sftp /usr/lib/openssh/sftp-server
"""


def missing() -> str | None:
    """Return why hosts can't be started here, or None."""
    if os.geteuid() != 0:
        return "it takes root to make a network namespace"
    absent = [name for name in ("/usr/sbin/sshd", "/usr/bin/ssh-keygen") if not Path(name).exists()]
    return f"{', '.join(absent)} is not installed" if absent else None


@dataclass
class Host:
    """One SSH server. ``public_key`` is a line as in ``known_hosts``, without the host's name."""

    name: str
    address: str
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def public_key(self) -> str:
        return " ".join((self.folder / "host_key.pub").read_text().split()[:2])

    def processes(self, containing: str) -> list[str]:
        """Return the command lines of this host's processes that hold ``containing``."""
        init = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        if not init:
            return []
        namespace = str(Path(f"/proc/{init[0]}/ns/pid").readlink())
        return [line for line in _command_lines(namespace) if containing in line]

    def stop(self) -> None:
        """End the server and every process on this host."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=10)


@dataclass
class Floor:
    """A network namespace with hosts in it, and the authority whose certificates they take."""

    namespace: str
    folder: Path
    hosts: dict[str, Host] = field(default_factory=dict)

    @property
    def authority(self) -> Path:
        """The private key of the SSH certificate authority; its public half lies beside it."""
        return self.folder / "authority"

    def add_host(self, name: str, address: str, accept_env: str = "LANG LC_*") -> Host:
        """Start an SSH server at ``address`` and return when it answers."""
        folder = self.folder / name
        folder.mkdir()
        _run("ip", "-n", self.namespace, "address", "add", f"{address}/32", "dev", "lo")
        _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "host_key"))
        config = _SSHD_CONFIG.format(address=address, folder=folder, authority=self.authority, accept_env=accept_env)
        (folder / "sshd_config").write_text(config)
        enter = ["ip", "netns", "exec", self.namespace, "unshare", "--mount", "--pid", "--fork", "--kill-child"]
        shell = ["--mount-proc", "/bin/sh", "-c", _START, "sh", str(folder / "sshd_config")]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen([*enter, *shell], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.hosts[name] = Host(name, address, folder, process)
        self._wait_until_it_answers(address)
        return self.hosts[name]

    def _wait_until_it_answers(self, address: str, seconds: float = 10) -> None:
        probe = f"exec 3<>/dev/tcp/{address}/22 && read -t 2 -u 3 line && [[ $line == SSH* ]]"
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            tried = subprocess.run(
                ["ip", "netns", "exec", self.namespace, "bash", "-c", probe],
                capture_output=True,
                timeout=5,
                check=False,
            )
            if tried.returncode == 0:
                return
            time.sleep(0.05)
        raise TimeoutError(f"The SSH server at {address} did not answer within {seconds:g} s.")


@contextmanager
def floor(folder: Path) -> Iterator[Floor]:
    """Make a network namespace and an authority; at the end stop every host and remove them."""
    made = Floor(f"cpt-{os.getpid()}-{time.monotonic_ns() % 100_000}", folder)
    folder.mkdir(parents=True, exist_ok=True)
    _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test authority", "-f", str(made.authority))
    # Without root `ip` can return to a network namespace of our own only: it sets out from one.
    _run("unshare", "--net", "ip", "netns", "add", made.namespace)
    try:
        _run("ip", "-n", made.namespace, "link", "set", "lo", "up")
        yield made
    finally:
        for host in made.hosts.values():
            host.stop()
        _run("ip", "netns", "delete", made.namespace)
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """Return a TCP port of loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=20, stdin=subprocess.DEVNULL, capture_output=True)


def _command_lines(pid_namespace: str) -> Iterator[str]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if str((folder / "ns/pid").readlink()) == pid_namespace:
                yield (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
