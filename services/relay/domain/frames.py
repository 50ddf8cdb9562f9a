"""Binary frames of a WebSocket as a stream to a host."""

import asyncio
import socket
from typing import Any

from services.relay.domain.clouds import Target
from services.relay.domain.session import Session

_CHUNK_BYTES = 65_536


async def carry(session: Session, target: Target, frames: Any) -> None:
    """Carry frames to ``target`` and back within ``session``, until either side ends or the session does."""
    near, far = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=near)
    bridge = asyncio.create_task(session.bridge(target, await asyncio.open_connection(sock=far)))
    inward = asyncio.create_task(_inward(frames, writer))
    outward = asyncio.create_task(_outward(reader, frames))
    try:
        await asyncio.wait({bridge, outward}, return_when=asyncio.ALL_COMPLETED)
    finally:
        for task in (bridge, inward, outward):
            task.cancel()
        await asyncio.gather(bridge, inward, outward, return_exceptions=True)
        writer.close()
    await frames.close(1000)


async def _inward(frames: Any, writer: asyncio.StreamWriter) -> None:
    try:
        async for frame in frames:
            writer.write(frame if isinstance(frame, bytes) else frame.encode())
            await writer.drain()
    finally:
        writer.transport.abort()


async def _outward(reader: asyncio.StreamReader, frames: Any) -> None:
    while chunk := await reader.read(_CHUNK_BYTES):
        await frames.send(chunk)
