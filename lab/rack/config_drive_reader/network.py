"""Addresses, routes and name servers from `network_data.json`, put on the machine's one link."""

import ipaddress
import subprocess
from pathlib import Path
from typing import Any

from .console import say

LINK = "eth0"


def configure(network_data: dict[str, Any]) -> None:
    """Bring up the link with what the drive says of it.

    The MAC in the drive may be the cloud's and not the machine's own (a bare-metal cloud without a network driver):
    with one link there is no doubt which is meant.
    """
    networks = [network for network in network_data.get("networks") or [] if network.get("type") == "ipv4"]
    commands = ["link set lo up", f"link set {LINK} up"]
    for network in networks[:1]:
        commands += link_commands(network)
    subprocess.run(["ip", "-batch", "-"], input="\n".join(commands), text=True, check=False)
    _name_servers(network_data)
    say(f"{LINK} {', '.join(address(network) for network in networks[:1]) or 'has no IPv4 address in the drive'}")


def link_commands(network: dict[str, Any]) -> list[str]:
    """The `ip` commands for one network of the drive."""
    commands = [f"addr replace {address(network)} dev {LINK}"]
    for route in network.get("routes") or []:
        target = ipaddress.ip_network(f"{route['network']}/{route['netmask']}")
        commands.append(f"route replace {target} via {route['gateway']} dev {LINK}")
    if gateway := network.get("gateway"):
        commands.append(f"route replace default via {gateway} dev {LINK}")
    return commands


def address(network: dict[str, Any]) -> str:
    """A network's address with its prefix length, `10.0.0.5/24`."""
    plain = str(network["ip_address"])
    return plain if "/" in plain else str(ipaddress.ip_interface(f"{plain}/{network['netmask']}"))


def _name_servers(network_data: dict[str, Any]) -> None:
    services = list(network_data.get("services") or [])
    for network in network_data.get("networks") or []:
        services += network.get("services") or []
    servers = dict.fromkeys(str(service["address"]) for service in services if service.get("type") == "dns")
    Path("/etc/resolv.conf").write_text("".join(f"nameserver {server}\n" for server in servers))
