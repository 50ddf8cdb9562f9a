"""Two real hosts in a network namespace of the test, and sessions on the way to them."""

import ipaddress
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from services.relay.domain.clouds import CloudRoute, Clouds
from services.relay.domain.registry import Sessions
from tests.support import sshd

CLOUD = "alpha"


@pytest.fixture(scope="session")
def hosts_floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sshd.Floor]:
    if reason := sshd.missing():
        pytest.skip(reason)
    with sshd.floor(tmp_path_factory.mktemp("floor")) as floor:
        floor.add_host("c1", "10.99.1.11")
        floor.add_host("c2", "10.99.1.12")
        yield floor


@pytest.fixture
def clouds(hosts_floor: sshd.Floor) -> Clouds:
    networks = (ipaddress.ip_network("10.99.1.0/24"),)
    return Clouds({CLOUD: CloudRoute(networks, hosts_floor.namespace)}, connect_seconds=2)


@pytest.fixture
async def sessions(clouds: Clouds, tmp_path: Path) -> AsyncIterator[Sessions]:
    registry = Sessions(clouds, tmp_path / "sockets", sessions_at_most=3, connections_per_host=2)
    registry.prepare()
    yield registry
    await registry.close_all()
