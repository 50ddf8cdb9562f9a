"""The addresses that are in use, and the lowest that is free."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address

from lab.simcloud.errors import conflict
from lab.simcloud.neutron.records import FixedAddress, Subnet
from lab.simcloud.store import Table


class Addresses:
    """All addresses of a cloud. Of each subnet it keeps in memory below which one none is free."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._table = Table(database, "addresses", FixedAddress, ("subnet_id", "port_id"))
        self._none_free_below: dict[str, int] = {}

    @contextmanager
    def taking(self) -> Iterator[None]:
        """Around a transaction that takes addresses: if it fails, nothing is known of free ones."""
        try:
            yield
        except BaseException:
            self._none_free_below.clear()
            raise

    def take(self, subnet_id: str, address: str, port_id: str) -> None:
        """Gives an address to a port; 409 if another one has it."""
        taken = FixedAddress(id=f"{subnet_id}/{address}", subnet_id=subnet_id, port_id=port_id, address=address)
        if self._table.get(taken.id):
            raise conflict(f"IP address {address} already allocated in subnet {subnet_id}", "IpAddressAlreadyAllocated")
        self._table.add(taken)

    def free(self, port_id: str) -> None:
        """Takes all addresses from a port."""
        for taken in self._table.find(port_id=port_id):
            known = self._none_free_below.get(taken.subnet_id)
            if known is not None:
                self._none_free_below[taken.subnet_id] = min(known, int(IPv4Address(taken.address)))
            self._table.remove(taken.id)

    def in_use(self, subnet_id: str) -> bool:
        """Whether any address of the subnet is taken."""
        return self._table.first(subnet_id=subnet_id) is not None

    def lowest_free(self, subnet: Subnet) -> str:
        """The lowest address of the subnet's pools that nobody has; 409 if there is none."""
        start = self._none_free_below.get(subnet.id, 0)
        for first, last in subnet.pools:
            for number in range(max(start, int(IPv4Address(first))), int(IPv4Address(last)) + 1):
                address = str(IPv4Address(number))
                if self._table.get(f"{subnet.id}/{address}") is None:
                    self._none_free_below[subnet.id] = number
                    return address
        raise conflict(f"No more IP addresses available on network {subnet.network_id}.", "IpAddressGenerationFailure")
