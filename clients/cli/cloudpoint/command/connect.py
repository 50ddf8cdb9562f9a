"""Standard input and output as a connection to a host: what ssh uses as its ProxyCommand."""

import asyncio
import os
import sys

import click
from cloudpoint.command import exits
from cloudpoint.command.session import Session, with_session
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidStatus

_CHUNK_BYTES = 65_536
_OPEN_SECONDS = 30


@click.command(hidden=True)
@click.argument("cluster")
@click.argument("host")
@click.argument("port", type=int, default=22)
@with_session
def connect(session: Session, cluster: str, host: str, port: int) -> None:
    """Carry standard input and output to PORT of HOST of CLUSTER (an id)."""
    address = session.settings.url.replace("http", "ws", 1)
    url = f"{address}/v1/clusters/{cluster}/hosts/{host}/connect?port={port}"
    raise SystemExit(asyncio.run(_carry(url, session.client.transport.headers)))


async def _carry(url: str, headers: dict[str, str]) -> int:
    try:
        async with open_socket(
            url, additional_headers=headers, compression=None, open_timeout=_OPEN_SECONDS, max_size=None
        ) as socket:
            sending = asyncio.create_task(_send(socket))
            try:
                return await _receive(socket)
            finally:
                sending.cancel()
    except (OSError, InvalidStatus) as error:
        click.echo(f"The connection could not be made: {error}", err=True)
        return exits.UNAVAILABLE


async def _send(socket: ClientConnection) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while chunk := await reader.read(_CHUNK_BYTES):
        await socket.send(chunk)
    await socket.close()


async def _receive(socket: ClientConnection) -> int:
    try:
        async for frame in socket:
            data = frame if isinstance(frame, bytes) else frame.encode()
            while data:
                data = data[os.write(1, data) :]
    except ConnectionClosed as closed:
        if closed.rcvd and closed.rcvd.code not in (1000, 1001):
            click.echo(closed.rcvd.reason or f"The connection was closed ({closed.rcvd.code}).", err=True)
            return exits.UNAVAILABLE
    return exits.OK


COMMANDS = (connect,)
