"""A TCP connection that a test can cut: what is behind it is then gone for those who use it, and can come back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

_PIECE_BYTES = 65_536


class Link:
    """Passes on what comes to ``url``; :meth:`cut` refuses and drops all, :meth:`mend` takes connections again."""

    def __init__(self, target: str) -> None:
        self._host, self._port = urlsplit(target).hostname, urlsplit(target).port
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self._listens_on = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listens_on}"

    async def mend(self) -> None:
        """Listen, where it listened before."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self._listens_on)
        self._listens_on = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Take no connection any more and drop those that are open."""
        assert self._server is not None
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        behind, onwards = await asyncio.open_connection(self._host, self._port)
        try:
            await asyncio.gather(_pump(reader, onwards), _pump(behind, writer))
        except asyncio.CancelledError:
            return
        finally:
            for one in (onwards, writer):
                one.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(_PIECE_BYTES):
            writer.write(piece)
            await writer.drain()
        writer.write_eof()


@asynccontextmanager
async def linked(target: str) -> AsyncIterator[Link]:
    """Give a link to ``target`` that is whole."""
    link = Link(target)
    await link.mend()
    try:
        yield link
    finally:
        await link.cut()
