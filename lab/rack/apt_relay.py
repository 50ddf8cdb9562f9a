"""A machine's way to the package cache: from the rack's gateway to the host's loopback, to that one port only."""

import asyncio
import contextlib
import socket

from lab.rack import network
from lab.rack.spec import APT_RELAY_PORT, RackSpec

CHUNK = 262_144
BACKLOG = 128


def run(rack: RackSpec, cache_port: int) -> None:
    """Relay for ever. The listening socket is made in the rack's network, the onward ones in the host's."""
    listener = network.socket_inside(rack.netns)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((rack.gateway, APT_RELAY_PORT))
    listener.listen(BACKLOG)
    asyncio.run(_serve(listener, cache_port))


async def _serve(listener: socket.socket, cache_port: int) -> None:
    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            onward_reader, onward_writer = await asyncio.open_connection("127.0.0.1", cache_port, limit=CHUNK)
            await asyncio.gather(_copy(reader, onward_writer), _copy(onward_reader, writer))
        writer.close()

    server = await asyncio.start_server(relay, sock=listener, limit=CHUNK)
    await server.serve_forever()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
    finally:
        with contextlib.suppress(OSError):
            writer.close()
