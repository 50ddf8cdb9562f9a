"""The address that a request comes from, behind proxies that are trusted."""

import ipaddress
from collections.abc import Sequence

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class ClientAddress:
    """``trusted`` are the networks of our own proxies; what they say of others is believed, nobody else's word is."""

    def __init__(self, trusted: Sequence[str]) -> None:
        self._trusted: list[_Network] = [ipaddress.ip_network(one) for one in trusted]

    def of(self, peer: str, forwarded_for: str | None) -> str:
        """Return the nearest address that is no trusted proxy, from the peer and ``X-Forwarded-For``."""
        address = peer
        for claimed in reversed([part.strip() for part in (forwarded_for or "").split(",") if part.strip()]):
            if not self._is_trusted(address):
                break
            address = claimed
        return address

    def _is_trusted(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._trusted)
