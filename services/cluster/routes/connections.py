"""A person's own SSH to a host: bytes through gateway, cluster and relay; no route to the host is needed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec

from services.chassis.auth.credentials import Mandate
from services.chassis.errors import NotFound
from services.chassis.ids import new_id
from services.chassis.routing import Call, Exposure, RouteTable
from services.cluster.exceptions import HostNotReachable
from services.cluster.factory import Factory
from services.cluster.routes.clusters import visible_cluster
from services.contracts.cluster import Cluster, Host

routes = RouteTable("connections")
_KIND = "cluster.connect"


class ConnectionTarget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which TCP port of the host."""

    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 22


@routes.get(
    "/v1/clusters/{cluster_id}/hosts/{host}/connect",
    Exposure.PUBLIC,
    "cluster.connect",
    "Connect to a host",
    socket=True,
)
async def connect_to_cluster_host(call: Call[Factory, None, ConnectionTarget]) -> None:
    """Carry a TCP connection as binary frames of a WebSocket, until either side ends it."""
    cluster = await visible_cluster(call)
    call.caller.require(cluster.project_id)
    host = _host(cluster, call.path["host"])
    session_id = new_id("ses")
    deps = call.context.deps
    mandate = Mandate(await deps.authz.mandate(_KIND, session_id, cluster.project_id, call.caller))
    async with call.context.tunnels.open(session_id, cluster, host, call.query.port, mandate) as far:
        await _carry(call.socket, far)


def _host(cluster: Cluster, name: str) -> Host:
    host = next((host for host in cluster.hosts if name in (host.name, host.id)), None)
    if host is None:
        raise NotFound(cluster_id=cluster.id, host=name)
    if host.address is None:
        raise HostNotReachable(f"The host {host.name} has no address yet: it is {host.state}.")
    return host


async def _carry(near: Any, far: Any) -> None:
    """Carry frames both ways until one side has ended."""
    ways = [asyncio.create_task(_one_way(near, far)), asyncio.create_task(_one_way(far, near))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
    await near.close(1000)


async def _one_way(source: AsyncIterator[bytes], target: Any) -> None:
    async for frame in source:
        await target.send(frame)
