"""The way to the services behind the door: aiohttp itself, since each request goes through here."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from yarl import URL

from services.chassis import trace
from services.chassis.auth.credentials import PROOF_HEADER
from services.chassis.auth.keys import ServiceKey
from services.chassis.deadline import HEADER as DEADLINE_HEADER
from services.chassis.errors import DeadlineExceeded, Unavailable
from services.gateway.exceptions import Interrupted

_CONNECT_SECONDS = 5.0
_CONNECTIONS_PER_SERVICE = 4096
_KEEP_ALIVE_SECONDS = 30.0
_MESSAGE_BYTES = 4 * 2**20


@dataclass(frozen=True)
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
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, limit_per_host=_CONNECTIONS_PER_SERVICE, keepalive_timeout=_KEEP_ALIVE_SECONDS
            ),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
            skip_auto_headers=("User-Agent", "Accept-Encoding", "Content-Type"),
        )

    @asynccontextmanager
    async def send(self, request: Outgoing) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send and give the answer, its body unread.

        Raises Unavailable if the service can't be reached (it has not seen the request), Interrupted if it went away
        before it answered, DeadlineExceeded.
        """
        try:
            async with asyncio.timeout(request.seconds):
                response = await self._session.request(
                    request.method,
                    self._url(request),
                    headers=self._headers(request),
                    data=request.body,
                    allow_redirects=False,
                )
        except aiohttp.ClientConnectorError as error:
            raise Unavailable(f"{request.service} can't be reached.", cause=repr(error)) from error
        except aiohttp.ClientError as error:
            raise Interrupted(request.service, cause=repr(error)) from error
        except TimeoutError as error:
            raise DeadlineExceeded(f"{request.service} did not answer in {request.seconds:g} s.") from error
        try:
            yield response
        finally:
            if not response.content.at_eof():
                response.close()
            response.release()

    @asynccontextmanager
    async def connect(self, request: Outgoing) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """Open a WebSocket to a service; raises Unavailable."""
        try:
            socket = await self._session.ws_connect(
                self._url(request), headers=self._headers(request), max_msg_size=_MESSAGE_BYTES, compress=0
            )
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"{request.service} can't be reached.", cause=repr(error)) from error
        try:
            yield socket
        finally:
            await socket.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    def _url(self, request: Outgoing) -> URL:
        address = self._addresses.get(request.service)
        if address is None:
            raise Unavailable(f"{request.service} is not part of this installation.")
        return URL(address + request.target, encoded=True)

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
