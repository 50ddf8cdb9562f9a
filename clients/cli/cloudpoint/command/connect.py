"""Standard input and output as a connection to a host: what ssh uses as its ProxyCommand."""

import asyncio
import os
import select
import sys
from typing import Any

import click

from cloudpoint.command import exits
from cloudpoint.command.session import Session, with_session
from cloudpoint.sdk.errors import problem_of

_CHUNK_BYTES = 65_536
_OPEN_SECONDS = 30
_GOOD_ENDS = (1000, 1001)


@click.command(hidden=True)
@click.argument("cluster")
@click.argument("host")
@click.argument("port", type=int, default=22)
@with_session
def connect(session: Session, cluster: str, host: str, port: int) -> None:
    """Carry standard input and output to PORT of HOST of CLUSTER (an id)."""
    address = session.settings.url.replace("http", "ws", 1).rstrip("/")
    url = f"{address}/v1/clusters/{cluster}/hosts/{host}/connect?port={port}"
    raise SystemExit(asyncio.run(_carry(url, session.client.transport.headers)))


async def _carry(url: str, headers: dict[str, str]) -> int:
    from websockets.asyncio.client import connect as open_socket
    from websockets.exceptions import InvalidStatus, WebSocketException

    opening = open_socket(url, additional_headers=headers, compression=None, open_timeout=_OPEN_SECONDS, max_size=None)
    try:
        async with opening as socket:
            sending = asyncio.create_task(_send(socket))
            try:
                return await _receive(socket)
            finally:
                sending.cancel()
    except InvalidStatus as refused:
        problem = problem_of(refused.response.status_code, bytes(refused.response.body or b""))
        click.echo(f"The connection was refused: {problem.document.detail}", err=True)
        return exits.exit_code_of(problem.status)
    except (OSError, WebSocketException) as error:
        click.echo(f"The connection could not be made: {error}", err=True)
        return exits.UNAVAILABLE


async def _send(socket: Any) -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while chunk := await reader.read(_CHUNK_BYTES):
        await socket.send(chunk)
    await socket.close()


async def _receive(socket: Any) -> int:
    from websockets.exceptions import ConnectionClosed

    try:
        async for frame in socket:
            await asyncio.to_thread(_write, frame if isinstance(frame, bytes) else frame.encode())
    except ConnectionClosed as closed:
        if closed.rcvd and closed.rcvd.code not in _GOOD_ENDS:
            click.echo(closed.rcvd.reason or f"The connection was closed ({closed.rcvd.code}).", err=True)
            return exits.UNAVAILABLE
    except BrokenPipeError:
        return exits.OK
    return exits.OK


def _write(data: bytes) -> None:
    """Write all of it to standard output, which is not blocking when it is the same socket as standard input."""
    while data:
        select.select([], [1], [])
        data = data[os.write(1, data) :]


COMMANDS = (connect,)
