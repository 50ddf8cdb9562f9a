"""The rack's network: a namespace with a bridge, and one virtual cable a machine. The host's own stays untouched."""

import ctypes
import os
import re
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab.rack.errors import RackError
from lab.rack.spec import MachineSpec, RackSpec

NETNS_FOLDER = Path("/run/netns")
BRIDGE = "br0"
CLONE_NEWNET = 0x40000000  # setns(2)
COMMAND_DEADLINE_S = 20
_libc = ctypes.CDLL(None, use_errno=True)


def make_bridge(rack: RackSpec) -> None:
    """Make the rack's namespace, with the bridge that has the gateway's address."""
    _add_netns(rack.netns)
    prefix = rack.network.prefixlen
    _ip_batch(
        rack.netns,
        "link set lo up",
        f"link add {BRIDGE} type bridge forward_delay 0",
        f"addr add {rack.gateway}/{prefix} dev {BRIDGE}",
        f"link set {BRIDGE} up",
    )


def plug_cable(rack: RackSpec, machine: MachineSpec) -> None:
    """Give the machine a new namespace with its one network card, joined to the bridge.

    The MAC is fixed, else neighbours keep the old one for seconds after a power cycle.
    """
    unplug_cable(rack, machine)
    _add_netns(machine.netns)
    cable = _cable(machine)
    _ip_batch(
        rack.netns,
        f"link add {cable} type veth peer name eth0 address {machine.mac} netns {machine.netns}",
        f"link set {cable} master {BRIDGE} up",
    )


def unplug_cable(rack: RackSpec, machine: MachineSpec) -> None:
    """Take away the machine's card and namespace, if they are there.

    The cable goes first: that is synchronous, while a namespace frees what is in it later, and then the name of the
    cable would still be taken.
    """
    _ip("-n", rack.netns, "link", "del", _cable(machine), check=False)
    if (NETNS_FOLDER / machine.netns).exists():
        _ip("netns", "del", machine.netns, check=False)


def set_carrier(rack: RackSpec, machine: MachineSpec, up: bool) -> None:
    """Pull the network cable at the switch's side, or put it back. A machine that is off has none: nothing to do."""
    _ip("-n", rack.netns, "link", "set", _cable(machine), "up" if up else "down", check=False)


def remove_all(rack_name: str) -> None:
    """Remove every network namespace of a rack, machines' first, whoever left them."""
    ours = re.compile(rf"cp-{re.escape(rack_name)}(-m\d+)?")
    found = [path.name for path in NETNS_FOLDER.iterdir()] if NETNS_FOLDER.exists() else []
    for name in sorted((name for name in found if ours.fullmatch(name)), reverse=True):
        _ip("netns", "del", name, check=False)


def socket_inside(netns: str) -> socket.socket:
    """A TCP socket that lives in a network namespace, made by a thread that ends there: the way home takes root."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(_make_socket, netns).result()


def _make_socket(netns: str) -> socket.socket:
    there = os.open(NETNS_FOLDER / netns, os.O_RDONLY)
    try:
        if _libc.setns(there, CLONE_NEWNET) != 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))
    finally:
        os.close(there)
    return socket.socket()


def _add_netns(name: str) -> None:
    """Make a named namespace. `ip` goes home afterwards, so it sets out from where it may return to without root."""
    _run(["unshare", "--net", "ip", "netns", "add", name], "", True)


def _cable(machine: MachineSpec) -> str:
    return f"v-{machine.name}"


def _ip(*arguments: str, check: bool = True) -> None:
    _run(["ip", *arguments], "", check)


def _ip_batch(netns: str, *lines: str) -> None:
    _run(["ip", "-n", netns, "-batch", "-"], "\n".join(lines), True)


def _run(command: list[str], lines: str, check: bool) -> None:
    ended = subprocess.run(
        command, input=lines, capture_output=True, text=True, timeout=COMMAND_DEADLINE_S, check=False
    )
    if check and ended.returncode != 0:
        raise RackError(f"`{' '.join(command)}` failed: {ended.stderr.strip()} {lines and f'(in: {lines})'}")
