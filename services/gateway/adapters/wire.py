"""One kept-alive connection to a service: a request, its answer, and the next (HTTP/1.1, RFC 9112).

A general client costs several times what a door spends on everything else together (FACTS: 14,100 requests/s this way,
6,000 by aiohttp), so that only the connection is ours; httptools (llhttp, the parser of Node.js) reads what comes.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httptools

_HELD_BYTES = 256 * 1024
"""What waits for a slow client before the service has to wait, too."""


class WireLost(ConnectionError):
    """The service went away, or said what is no HTTP, before its answer was whole."""


class Answer:
    """An answer as it comes: ``status`` and ``headers`` are there, the body may still be on its way."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.complete = False
        self._transport = transport
        self._parts: list[bytes] = []
        self._held_bytes = 0
        self._lost: WireLost | None = None
        self._waiter: asyncio.Future[None] | None = None

    def header(self, name: str) -> str:
        """Return a header by its name in small letters; empty if it is not there."""
        return next((value for known, value in self.headers if known.lower() == name), "")

    @property
    def content_length(self) -> int | None:
        """The body's length in bytes, if the service said it."""
        said = self.header("content-length")
        return int(said) if said.isdecimal() else None

    async def read(self) -> bytes:
        """Return the whole body; raises WireLost."""
        while not self.complete:
            await self._more()
        return b"".join(self._parts)

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes, no faster than it is taken; raises WireLost."""
        while self._parts or not self.complete:
            if not self._parts:
                await self._more()
                continue
            piece, self._parts, self._held_bytes = b"".join(self._parts), [], 0
            yield piece

    def add(self, part: bytes) -> None:
        """Take a part of the body, and have the service wait if too much is held already."""
        self._parts.append(part)
        self._held_bytes += len(part)
        if self._held_bytes > _HELD_BYTES:
            self._transport.pause_reading()
        self._wake()

    def end(self, lost: WireLost | None = None) -> None:
        """No more will come: the answer is whole, or ``lost`` says why it never will be."""
        self.complete, self._lost = lost is None, lost
        self._wake()

    async def _more(self) -> None:
        if self._lost:
            raise self._lost
        self._waiter = asyncio.get_running_loop().create_future()
        self._transport.resume_reading()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)


class Wire(asyncio.Protocol):
    """``gone`` is told when the connection ends, whoever ends it."""

    def __init__(self, gone: Callable[["Wire"], None]) -> None:
        self.idle_since = 0.0
        self.used = False
        self._gone = gone
        self._parser: Any = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._answer: Answer | None = None
        self._headed: asyncio.Future[None] | None = None
        self._heard = False
        self._stays = False

    @property
    def heard(self) -> bool:
        """Whether anything was answered to the last request."""
        return self._heard

    async def ask(self, request: bytes) -> Answer:
        """Send a request as it is and return its answer once that has begun; raises WireLost."""
        if self._transport is None or self._transport.is_closing():
            raise WireLost("the connection is closed")
        self._heard = False
        self._answer = answer = Answer(self._transport)
        self._headed = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        await self._headed
        return answer

    def reusable(self) -> bool:
        """Tell whether the next request may follow: the answer was read from the wire whole, and nothing ended it."""
        open_still = self._transport is not None and not self._transport.is_closing()
        return open_still and self._stays and self._answer is not None and self._answer.complete

    def close(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(WireLost(repr(error) if error else "the service closed the connection"))
        self._gone(self)

    def data_received(self, data: bytes) -> None:
        self._heard = True
        if self._answer is None or self._answer.complete:
            self.close()  # nobody asked: whoever asked next would get another's answer
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(WireLost(f"what came is no HTTP: {error}"))
            self.close()

    def on_message_begin(self) -> None:
        """Refuse a message that nobody asked for; the parser calls this, and all that follow."""
        if self._answer is None or self._answer.complete:
            raise WireLost("the service answered twice")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._answer:
            self._answer.headers.append((name.decode("latin-1"), value.decode(errors="surrogateescape")))

    def on_headers_complete(self) -> None:
        if self._answer is None:
            return
        self._answer.status = self._parser.get_status_code()
        if self._answer.status < 200:  # an interim answer (RFC 9110, section 15.2): the real one follows
            self._answer.headers.clear()
        elif self._headed and not self._headed.done():
            self._headed.set_result(None)

    def on_body(self, part: bytes) -> None:
        if self._answer:
            self._answer.add(part)

    def on_message_complete(self) -> None:
        if self._answer and self._answer.status >= 200:
            self._stays = self._parser.should_keep_alive()
            self._answer.end()

    def _fail(self, lost: WireLost) -> None:
        if self._headed and not self._headed.done():
            self._headed.set_exception(lost)
        if self._answer and not self._answer.complete:
            self._answer.end(lost)
