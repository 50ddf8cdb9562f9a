"""Hand a request to the service behind, over a connection that is kept."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import aiohttp
from yarl import URL

from services.chassis import trace
from services.chassis.auth.credentials import PROOF_HEADER
from services.chassis.auth.keys import ServiceKey
from services.chassis.deadline import HEADER as DEADLINE_HEADER
from services.chassis.errors import DeadlineExceeded, Unavailable
from services.gateway.adapters.wire import Answer, Wire, WireLost
from services.gateway.exceptions import Interrupted

_CONNECT_SECONDS = 5.0
_KEEP_ALIVE_SECONDS = 30.0
_MESSAGE_BYTES = 4 * 2**20
_HARMLESS_TWICE = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One request as it leaves: ``target`` is path and query as they came; no ``pass_token`` for an open route.

    ``seconds`` is the time to the end of the answer; None for streams.
    """

    service: str
    method: str
    target: str
    headers: dict[str, str]
    pass_token: str | None
    body: bytes | None
    seconds: float | None


class Upstream:
    """Connections to all services; made inside a running event loop, closed at the end."""

    def __init__(self, addresses: Mapping[str, str], key: ServiceKey) -> None:
        self._addresses = {name: url.rstrip("/") for name, url in addresses.items()}
        self._key = key
        self._idle: defaultdict[str, deque[Wire]] = defaultdict(deque)
        self._wires: set[Wire] = set()
        self._sockets = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
        )

    @asynccontextmanager
    async def send(self, request: Outgoing) -> AsyncIterator[Answer]:
        """Send and give the answer, its body unread.

        Raises Unavailable if the service can't be reached (it has not seen the request), Interrupted if it went away
        before it answered, DeadlineExceeded.
        """
        try:
            async with asyncio.timeout(request.seconds):
                wire, answer = await self._asked(request)
        except WireLost as error:
            raise Interrupted(request.service, cause=str(error)) from error
        except TimeoutError as error:
            raise DeadlineExceeded(f"{request.service} did not answer in {request.seconds:g} s.") from error
        try:
            yield answer
        finally:
            self._give_back(request.service, wire)

    @asynccontextmanager
    async def connect(self, request: Outgoing) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """Open a WebSocket to a service; raises Unavailable."""
        url = URL(self._address(request.service) + request.target, encoded=True)
        try:
            socket = await self._sockets.ws_connect(
                url, headers=self._headers(request), max_msg_size=_MESSAGE_BYTES, compress=0
            )
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"{request.service} can't be reached.", cause=repr(error)) from error
        try:
            yield socket
        finally:
            await socket.close()

    async def close(self) -> None:
        """Close the connections."""
        for wire in list(self._wires):
            wire.close()
        await self._sockets.close()

    async def _asked(self, request: Outgoing) -> tuple[Wire, Answer]:
        """Ask on a kept connection, and once more on a new one if that had ended unseen and no harm comes of it."""
        address = urlsplit(self._address(request.service))
        text = self._text(request, address)
        wire = self._kept(request.service) or await self._connected(request.service, address)
        try:
            return wire, await self._ask(wire, text)
        except WireLost:
            if not wire.used or wire.heard or request.method not in _HARMLESS_TWICE:
                raise
        wire = await self._connected(request.service, address)
        return wire, await self._ask(wire, text)

    @staticmethod
    async def _ask(wire: Wire, text: bytes) -> Answer:
        try:
            return await wire.ask(text)
        except BaseException:
            wire.close()
            raise

    def _kept(self, service: str) -> Wire | None:
        """Return the connection that was used last: the others grow old and are closed."""
        idle, oldest = self._idle[service], asyncio.get_running_loop().time() - _KEEP_ALIVE_SECONDS
        while idle and idle[0].idle_since < oldest:
            idle.popleft().close()
        return idle.pop() if idle else None

    async def _connected(self, service: str, address: SplitResult) -> Wire:
        port = address.port or _DEFAULT_PORTS[address.scheme]
        encrypted = True if address.scheme == "https" else None
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                _, wire = await asyncio.get_running_loop().create_connection(
                    lambda: Wire(lambda gone: self._forget(service, gone)), address.hostname or "", port, ssl=encrypted
                )
        except (OSError, TimeoutError) as error:
            raise Unavailable(f"{service} can't be reached.", cause=repr(error)) from error
        self._wires.add(wire)
        return wire

    def _give_back(self, service: str, wire: Wire) -> None:
        if not wire.reusable():
            wire.close()
            return
        wire.used, wire.idle_since = True, asyncio.get_running_loop().time()
        self._idle[service].append(wire)

    def _forget(self, service: str, wire: Wire) -> None:
        self._wires.discard(wire)
        if wire in self._idle[service]:
            self._idle[service].remove(wire)

    def _address(self, service: str) -> str:
        address = self._addresses.get(service)
        if address is None:
            raise Unavailable(f"{service} is not part of this installation.")
        return address

    def _text(self, request: Outgoing, address: SplitResult) -> bytes:
        """Return the request as it goes over the wire; that no header breaks its line is seen to at the door."""
        headers = {"Host": address.netloc, **self._headers(request)}
        if request.body is not None:
            headers["Content-Length"] = str(len(request.body))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"{request.method} {address.path}{request.target} HTTP/1.1\r\n{lines}\r\n"
        return head.encode(errors="surrogateescape") + (request.body or b"")

    def _headers(self, request: Outgoing) -> dict[str, str]:
        headers = {**request.headers, PROOF_HEADER: self._key.proof(request.service)}
        span = trace.current()
        if span:
            headers["traceparent"] = span.child().header
        if request.pass_token:
            headers["Authorization"] = f"Bearer {request.pass_token}"
        if request.seconds is not None:
            headers[DEADLINE_HEADER] = str(int(request.seconds * 1000))
        return headers
