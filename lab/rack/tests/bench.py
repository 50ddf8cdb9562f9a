"""A rack under test: its command line, its BMCs by the real client, its machines by ssh."""

import functools
import http.server
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sushy
import sushy.auth

from lab.rack.settings import REPOSITORY, default_cache_root
from lab.rack.tests.config_drives import config_drive, iso, meta_data, network_data

BOOT_DEADLINE_S = 30


class Bench:
    """One rack with its own state folder; images and packages come from the shared cache."""

    def __init__(self, folder: Path, name: str, subnet: str) -> None:
        self.folder, self.name, self.netns = folder, name, f"cp-{name}"
        self.prefix = subnet.rpartition(".")[0]
        ports = free_ports(6)
        self.order = ["--subnet", subnet, "--bmc-port", str(ports), "--apt-proxy-port", str(ports + 5)]
        self.state = folder / "state"
        self.www = folder / "www"
        self.www.mkdir(parents=True)
        self.key = folder / "id"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.key)], check=True)
        (self.www / "boot.iso").write_bytes(iso("BOOT", {"readme": b"stands for a boot image\n"}))
        handler = functools.partial(QuietHandler, directory=str(self.www))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def cli(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `python -m lab.rack`."""
        roots = ["--state", str(self.state), "--cache", str(default_cache_root())]
        command = [sys.executable, "-m", "lab.rack", *roots, *arguments]
        return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=check)

    def ask(self, verb: str, *arguments: str) -> str:
        """Run a command on this rack that must succeed; its output."""
        ended = self.cli(verb, "--name", self.name, *arguments, check=False)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def up(self, machines: int) -> None:
        """Order the rack and bring it up."""
        self.ask("up", "--machines", str(machines), *self.order)

    def close(self) -> None:
        """Scrap the rack."""
        self.ask("destroy")
        self.server.shutdown()
        self.server.server_close()

    def show(self, machine: str) -> dict[str, Any]:
        """Status of a machine."""
        return dict(json.loads(self.ask("show", machine)))

    def inventory(self, machine: str) -> dict[str, Any]:
        """A machine in the inventory."""
        listed = json.loads(self.ask("inventory", "-o", "json"))["machines"]
        return next(dict(one) for one in listed if one["name"] == machine)

    def system(self, machine: str) -> Any:
        """The machine's system, by sushy. Without a session: sushy ends those when it is collected, whoever hangs."""
        bmc = self.inventory(machine)["bmc"]
        login = sushy.auth.BasicAuth(bmc["username"], bmc["password"])
        return sushy.Sushy(bmc["url"], auth=login).get_system(bmc["system_path"])

    def drives(self, machine: str) -> dict[str, Any]:
        """The machine's virtual drives by identity, by sushy."""
        return {drive.identity: drive for drive in self.system(machine).managers[0].virtual_media.get_members()}

    def publish(self, name: str, content: bytes) -> str:
        """Serve a file over HTTP; its address."""
        (self.www / name).write_bytes(content)
        return f"http://127.0.0.1:{self.server.server_port}/{name}"

    def address(self, machine: str) -> str:
        """The address that the tests' config drives give to a machine."""
        return f"{self.prefix}.{100 + int(machine[1:])}"

    def insert(self, machine: str, uuid: str, user_data: str = "", **meta: str) -> None:
        """Put a boot ISO and a config drive into the machine's drives."""
        drives = self.drives(machine)
        described = {**meta_data(uuid, f"{machine}.example.org", self.key.with_suffix(".pub").read_text()), **meta}
        image = config_drive(described, network_data(self.address(machine), f"{self.prefix}.1"), user_data)
        drives["Cd"].insert_media(self.publish("boot.iso", (self.www / "boot.iso").read_bytes()))
        drives["Floppy"].insert_media(self.publish(f"{machine}-{uuid}.iso", image))

    def deploy(self, machine: str, uuid: str, user_data: str = "", **meta: str) -> None:
        """What a cloud does for a new instance: off, media in, boot from CD, on; returns when ssh answers."""
        system = self.system(machine)
        system.reset_system(sushy.RESET_FORCE_OFF)
        self.insert(machine, uuid, user_data, **meta)
        system.set_system_boot_options(sushy.BOOT_SOURCE_TARGET_CD, sushy.BOOT_SOURCE_ENABLED_CONTINUOUS)
        system.reset_system(sushy.RESET_ON)
        self.wait_for_ssh(machine)

    def ssh(self, machine: str, command: str, check: bool = True) -> str:
        """Run a command in a machine as root; its output."""
        options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "ConnectTimeout=1"]
        flags = [flag for option in options for flag in ("-o", option)]
        remote = ["ssh", "-i", str(self.key), *flags, f"root@{self.address(machine)}", command]
        ended = subprocess.run(
            ["ip", "netns", "exec", self.netns, *remote], capture_output=True, text=True, timeout=60, check=False
        )
        assert ended.returncode == 0 or not check, ended.stderr
        return ended.stdout

    def wait_for_ssh(self, machine: str) -> None:
        """Return when the machine lets us in."""
        wait_for(lambda: self.ssh(machine, "echo in", check=False) == "in\n", f"ssh to {machine}")

    def wait_for_power(self, machine: str, power: str) -> None:
        """Return when the machine's power is `power`."""
        wait_for(lambda: self.show(machine)["power"] == power, f"{machine} to be {power}")

    def boot_id(self, machine: str) -> str:
        """Something that a reboot changes: when the machine's pid 1 started."""
        return self.ssh(machine, "stat -c %Z /proc/1; cut -d' ' -f22 /proc/1/stat")

    def console(self, machine: str) -> str:
        """The console log."""
        return self.ask("console", machine)


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def wait_for(condition: Callable[[], bool], what: str, deadline_s: float = BOOT_DEADLINE_S) -> None:
    """Return when `condition` holds; fail with `what` if it does not in time."""
    deadline = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {deadline_s} s for {what}"
        time.sleep(0.1)


def free_ports(count: int) -> int:
    """The first of `count` loopback ports in a row that nothing listens on."""
    for first in range(17700, 18500, 8):
        if not any(_is_taken(port) for port in range(first, first + count)):
            return first
    raise AssertionError("no ports are free for a rack under test")


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def kernel_traces(name: str) -> list[str]:
    """What of a rack is left in the kernel: namespaces, control groups, mounts, processes."""
    traces = [path.name for path in Path("/run/netns").glob(f"cp-{name}*")]
    traces += [str(path) for path in Path("/sys/fs/cgroup").rglob(f"cp-{name}*")]
    traces += [line for line in Path("/proc/self/mounts").read_text().splitlines() if f"/rack/{name}/" in line]
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = process.read_bytes()
        except OSError:
            continue
        if b"lab.rack" in command and name.encode() in command.split(b"\0"):
            traces.append(command.replace(b"\0", b" ").decode())
    return traces
