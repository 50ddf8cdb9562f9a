"""Copy bytes both ways between two streams until either side ends, and count them."""

import asyncio
from dataclasses import dataclass

_CHUNK_BYTES = 65_536


@dataclass
class Traffic:
    """Bytes that went to the host and came from it."""

    to_host: int = 0
    from_host: int = 0


Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def pump(client: Pair, host: Pair, traffic: Traffic) -> None:
    """Copy until both directions have ended or one breaks. Cancelled, it drops both connections at once."""
    writers = (client[1], host[1])
    both = [
        asyncio.create_task(_to_host(client[0], host[1], traffic)),
        asyncio.create_task(_from_host(host[0], client[1], traffic)),
    ]
    try:
        await asyncio.gather(*both)
    except OSError:
        _abort(writers)
    except asyncio.CancelledError:
        _abort(writers)
        raise
    finally:
        for task in both:
            task.cancel()
    for writer in writers:
        writer.close()


def _abort(writers: tuple[asyncio.StreamWriter, ...]) -> None:
    for writer in writers:
        writer.transport.abort()


async def _to_host(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, traffic: Traffic) -> None:
    while chunk := await reader.read(_CHUNK_BYTES):
        traffic.to_host += len(chunk)
        writer.write(chunk)
        await writer.drain()
    writer.write_eof()


async def _from_host(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, traffic: Traffic) -> None:
    while chunk := await reader.read(_CHUNK_BYTES):
        traffic.from_host += len(chunk)
        writer.write(chunk)
        await writer.drain()
    writer.write_eof()
