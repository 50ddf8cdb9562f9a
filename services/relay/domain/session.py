"""One session: the streams to a set of hosts that somebody holds, for a purpose, until a time."""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import structlog

from services.relay.domain.clouds import Clouds, Target
from services.relay.domain.pump import Pair, Traffic, pump

log = structlog.get_logger()

FOLDER_MODE = 0o711
"""Whoever is given the folder may use the streams in it and not list it; its parent lets nobody else come so far."""
SOCKET_MODE = 0o666


@dataclass(frozen=True)
class Terms:
    """Who holds a session and why: said in lists, logs and errors."""

    session_id: str
    project_id: str
    purpose: str
    holder: str
    operation_id: str | None
    cluster_id: str | None
    cloud_id: str
    expires_at: datetime


@dataclass
class Session:
    """Open streams: a unix socket a host, and every connection that came in by one."""

    terms: Terms
    targets: tuple[Target, ...]
    folder: Path
    opened_at: datetime
    clouds: Clouds
    connections_per_host: int
    traffic: Traffic = field(default_factory=Traffic)
    _servers: list[asyncio.Server] = field(default_factory=list)
    _connections: dict[asyncio.Task[None], str] = field(default_factory=dict)

    async def open(self) -> None:
        """Make the folder and listen on one socket a host. Raises OSError."""
        self.folder.mkdir(mode=FOLDER_MODE)
        self.folder.chmod(FOLDER_MODE)
        for target in self.targets:
            await self._listen(target)

    async def close(self) -> None:
        """Stop listening, drop every open connection, remove the folder."""
        for server in self._servers:
            server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        remove_folder(self.folder)

    def target(self, name: str) -> Target | None:
        """Return the host called ``name``, if this session has it."""
        return next((target for target in self.targets if target.name == name), None)

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        return len(self._connections)

    async def bridge(self, target: Target, client: Pair) -> None:
        """Connect ``client`` to ``target`` and copy until one side ends or the session does."""
        task = asyncio.current_task()
        assert task is not None
        if sum(name == target.name for name in self._connections.values()) >= self.connections_per_host:
            log.warning("stream refused: too many connections", host=target.name, session=self.terms.session_id)
            client[1].transport.abort()
            return
        self._connections[task] = target.name
        try:
            await self._connect(target, client)
        finally:
            del self._connections[task]

    async def _connect(self, target: Target, client: Pair) -> None:
        try:
            dialled = await self.clouds.dial(self.terms.cloud_id, target)
        except (OSError, TimeoutError) as error:
            log.info(
                "host not reached", host=target.name, session=self.terms.session_id, reason=str(error) or "time-out"
            )
            client[1].transport.abort()
            return
        await pump(client, await asyncio.open_connection(sock=dialled), self.traffic)

    async def _listen(self, target: Target) -> None:
        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(asyncio.CancelledError):
                await self.bridge(target, (reader, writer))

        listening = bind_in_folder(self.folder, f"{target.name}.sock")
        self._servers.append(await asyncio.start_unix_server(accept, sock=listening))


def bind_in_folder(folder: Path, name: str) -> socket.socket:
    """Return a unix socket bound to ``folder/name``, however long that path is.

    A socket's address holds 107 bytes (unix(7)); the way by the folder's descriptor is always short.
    """
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with _short_path(folder) as short:
        listening.bind(f"{short}/{name}")
        (folder / name).chmod(SOCKET_MODE)
    listening.setblocking(False)
    return listening


def remove_folder(folder: Path) -> None:
    """Remove a session's folder and the sockets in it; one that is gone already is fine."""
    for entry in folder.glob("*.sock"):
        entry.unlink(missing_ok=True)
    if folder.exists():
        folder.rmdir()


@contextmanager
def _short_path(folder: Path) -> Iterator[str]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
