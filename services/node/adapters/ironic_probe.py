"""What the checks of a cloud read of its Ironic, by a log-in of their own: a token that is kept would hide things."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import openstack
from keystoneauth1.exceptions import EndpointNotFound
from keystoneauth1.session import Session
from openstack.connection import Connection
from openstack.exceptions import ServiceDisabledException

from services.chassis.cloud import CloudAccess, CloudThreads
from services.contracts.node import Node
from services.node.adapters.ironic import read_nodes

_THREADS = 4
# Longer than a check may take: it ends first, and says so.
_CALL_SECONDS = 60.0


@dataclass(frozen=True)
class Token:
    """Whose eyes Ironic is seen with."""

    system_scoped: bool
    roles: tuple[str, ...]


@dataclass(frozen=True)
class Machinery:
    """Ironic's conductors (host name, alive) and the drivers that they have enabled."""

    conductors: dict[str, bool]
    drivers: frozenset[str]


@dataclass(frozen=True)
class Enrolled:
    """The nodes; the driver of each, by Ironic's id; the ids of those that have a port."""

    nodes: list[Node]
    drivers: dict[str, str]
    with_port: frozenset[str]


class IronicProbe:
    """One look at one cloud; ``close`` ends it."""

    def __init__(self, cloud_id: str, access: CloudAccess) -> None:
        self._cloud_id = cloud_id
        self._access = access
        self._threads = CloudThreads(_THREADS)

    def close(self) -> None:
        """Let go of threads and log-in."""
        self._threads.close()

    async def token(self) -> Token:
        """Log in."""
        token: Token = await self._call(_token)
        return token

    async def machinery(self) -> Machinery:
        """Ask for conductors and drivers."""
        machinery: Machinery = await self._call(_machinery)
        return machinery

    async def enrolled(self) -> Enrolled:
        """Ask for all nodes and ports."""
        enrolled: Enrolled = await self._call(_enrolled, self._cloud_id)
        return enrolled

    async def _call(self, call: Callable[..., Any], *arguments: Any) -> Any:
        return await self._threads.run(_CALL_SECONDS, self._connected, call, *arguments)

    def _connected(self, call: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return call(self._threads.client(self._access, "ironic-probe", _connection), *arguments)
        except ServiceDisabledException as error:
            raise EndpointNotFound(str(error)) from error


def _connection(session: Session, access: CloudAccess) -> Connection:
    return openstack.connection.Connection(
        session=session, region_name=access.region, baremetal_interface=access.interface
    )


def _token(connection: Connection) -> Token:
    auth: Any = connection.session.auth
    access = auth.get_access(connection.session)
    return Token(bool(access.system_scoped), tuple(access.role_names))


def _machinery(connection: Connection) -> Machinery:
    conductors = {item.hostname: bool(item.alive) for item in connection.baremetal.conductors()}
    return Machinery(conductors, frozenset(item.name for item in connection.baremetal.drivers()))


def _enrolled(connection: Connection, cloud_id: str) -> Enrolled:
    ports = frozenset(port.node_id for port in connection.baremetal.ports(fields=["uuid", "node_uuid"]))
    drivers = {item.id: item.driver for item in connection.baremetal.nodes(fields=["uuid", "driver"])}
    return Enrolled(read_nodes(connection, cloud_id), drivers, ports)
