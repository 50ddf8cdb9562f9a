"""A person's connection to a host: a session at the relay, and its WebSocket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect

from services.chassis.auth.credentials import Mandate
from services.chassis.context import Process
from services.chassis.errors import Problem, Unavailable
from services.contracts.cluster import Cluster, Host
from services.contracts.runs import OpenStreams, StreamHost, StreamSession

_LONGEST = timedelta(hours=12)
_OPEN_SECONDS = 10.0


@dataclass(frozen=True)
class Tunnels:
    """Opens connections through the relay; each is a session of its own, closed with it."""

    process: Process

    @asynccontextmanager
    async def open(
        self, session_id: str, cluster: Cluster, host: Host, port: int, mandate: Mandate
    ) -> AsyncIterator[ClientConnection]:
        """Open a session for one host and yield its WebSocket; raises Unavailable if the relay can't be reached."""
        relay = self.process.client("relay")
        session = OpenStreams(
            session_id=session_id,
            operation_id=session_id,
            project_id=cluster.project_id,
            cluster_id=cluster.id,
            cloud_id=cluster.cloud_id,
            hosts=[StreamHost(host_id=host.id, name=host.name, address=host.address or "", port=port)],
            expires_at=datetime.now(UTC) + _LONGEST,
        )
        await relay.call("POST", "/internal/streams", StreamSession, authority=mandate, body=session)
        try:
            async with await self._socket(session_id, host, mandate) as socket:
                yield socket
        finally:
            with suppress(Problem):
                await relay.call("DELETE", f"/internal/streams/{session_id}", type(None), authority=mandate)

    async def _socket(self, session_id: str, host: Host, mandate: Mandate) -> ClientConnection:
        headers = await self.process.credentials.headers("relay", mandate)
        address = self.process.settings.services["relay"].replace("http", "ws", 1)
        query = urlencode({"session": session_id, "host": host.name})
        try:
            return await connect(
                f"{address}/internal/connections?{query}",
                additional_headers=headers,
                open_timeout=_OPEN_SECONDS,
                compression=None,
                proxy=None,
            )
        except OSError as error:
            raise Unavailable("The relay can't be reached.", cause=repr(error)) from error
