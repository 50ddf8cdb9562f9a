"""How the command line and the BMCs speak to the rack: one JSON line each way over a unix socket that root owns."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from lab.rack.errors import ConflictError, RackError, UnknownMachineError

LINE_LIMIT = 1_000_000


class Request(msgspec.Struct, frozen=True):
    """Do `verb`, with arguments that the verb knows."""

    verb: str
    arguments: dict[str, Any] = {}


class Reply(msgspec.Struct, frozen=True):
    """What came of it: a result, or an error of the named kind."""

    result: Any = None
    error: str = ""
    kind: str = ""


KINDS: dict[str, type[RackError]] = {kind.__name__: kind for kind in (RackError, UnknownMachineError, ConflictError)}
Handler = Callable[[Request], Awaitable[Any]]


async def listen(path: Path, handle: Handler) -> asyncio.Server:
    """Serve requests on the socket at `path` until the returned server is closed."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            reply = await _answer(handle, await reader.readline())
            writer.write(msgspec.json.encode(reply) + b"\n")
            await writer.drain()
        writer.close()

    return await asyncio.start_unix_server(serve, sock=_bind(path), limit=LINE_LIMIT)


def call(path: Path, verb: str, deadline_s: float = 30, **arguments: Any) -> Any:
    """Ask the rack from a program without an event loop.

    Raises:
        RackError: The rack is not up, does not answer in time, or refuses; the kind that the rack raised.
    """
    try:
        with _short(path) as address, socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(deadline_s)
            connection.connect(address)
            connection.sendall(msgspec.json.encode(Request(verb, arguments)) + b"\n")
            line = connection.makefile("rb").readline()
    except TimeoutError as error:
        raise RackError(f"The rack did not finish `{verb}` within {deadline_s:.0f} s.") from error
    except OSError as error:
        raise RackError("The rack is not up: start it with `python -m lab.rack up`.") from error
    return _result(line)


async def call_async(path: Path, verb: str, deadline_s: float = 30, **arguments: Any) -> Any:
    """Ask the rack from an event loop; raises what `call` raises."""
    try:
        async with asyncio.timeout(deadline_s):
            with _short(path) as address:
                reader, writer = await asyncio.open_unix_connection(address, limit=LINE_LIMIT)
            writer.write(msgspec.json.encode(Request(verb, arguments)) + b"\n")
            line = await reader.readline()
            writer.close()
    except TimeoutError as error:
        raise RackError(f"The rack did not finish `{verb}` within {deadline_s:.0f} s.") from error
    except OSError as error:
        raise RackError("The rack is not up.") from error
    return _result(line)


async def _answer(handle: Handler, line: bytes) -> Reply:
    try:
        return Reply(result=await handle(msgspec.json.decode(line, type=Request)))
    except RackError as error:
        return Reply(error=str(error), kind=type(error).__name__)
    except Exception as error:
        return Reply(error=f"The rack failed: {error!r}", kind="RackError")


def _result(line: bytes) -> Any:
    if not line:
        raise RackError("The rack went away before it answered.")
    reply = msgspec.json.decode(line, type=Reply)
    if reply.error:
        raise KINDS.get(reply.kind, RackError)(reply.error)
    return reply.result


def _bind(path: Path) -> socket.socket:
    """A listening socket that root alone may connect to, in place of one that a killed rack left."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    with _short(path) as address:
        listener.bind(address)
    path.chmod(0o600)
    return listener


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """The socket's address by way of its folder's descriptor: a unix address holds only 107 bytes (unix(7))."""
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError as error:
        raise RackError("There is no such rack: make it with `python -m lab.rack up`.") from error
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
