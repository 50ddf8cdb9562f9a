"""The clouds that this relay has a route to, and the only addresses that it dials."""

import asyncio
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from services.relay.adapters.netns import tcp_socket
from services.relay.exceptions import AddressOutsideCloud, UnknownCloud

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Target:
    """One port of one host: the name it is called by and where it is."""

    host_id: str
    name: str
    address: str
    port: int


@dataclass(frozen=True)
class CloudRoute:
    """How to get into one cloud: its networks, and the network namespace they are in (None: our own)."""

    networks: tuple[_Network, ...]
    network_namespace: str | None

    def holds(self, address: str) -> bool:
        """Say whether ``address`` is a literal IP address in one of the networks."""
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self.networks)


class Clouds:
    """All routes of this relay, by cloud id."""

    def __init__(self, routes: Mapping[str, CloudRoute], connect_seconds: float) -> None:
        self._routes = routes
        self._connect_seconds = connect_seconds

    def check(self, cloud_id: str, target: Target) -> None:
        """Raise UnknownCloud or AddressOutsideCloud unless ``target`` may be dialled."""
        route = self._route(cloud_id)
        if not route.holds(target.address):
            raise AddressOutsideCloud(
                f"{target.name} is said to be at {target.address}, which is in none of the networks of {cloud_id}."
            )

    async def dial(self, cloud_id: str, target: Target, seconds: float | None = None) -> socket.socket:
        """Return a connected, non-blocking TCP socket to ``target``; raises OSError or TimeoutError."""
        self.check(cloud_id, target)
        version = ipaddress.ip_address(target.address).version
        family = socket.AF_INET if version == 4 else socket.AF_INET6
        async with asyncio.timeout(seconds or self._connect_seconds):
            opened = await tcp_socket(self._route(cloud_id).network_namespace, family)
            try:
                await asyncio.get_running_loop().sock_connect(opened, (target.address, target.port))
            except BaseException:
                opened.close()
                raise
        return opened

    def _route(self, cloud_id: str) -> CloudRoute:
        if cloud_id not in self._routes:
            raise UnknownCloud(f"This relay knows the clouds {', '.join(sorted(self._routes))}; {cloud_id} is none.")
        return self._routes[cloud_id]
