"""The client for one sibling service."""

import asyncio
import itertools
import random
import time
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
import httpx
import msgspec

from services.chassis import deadline, trace
from services.chassis.auth.credentials import Authority, Credentials
from services.chassis.errors import BadAnswer, DeadlineExceeded, FieldProblem, Problem, ProblemDocument, Unavailable
from services.chassis.log import get_logger

T = TypeVar("T")
log = get_logger("chassis.http")

_SAFE = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_TRIES = 3
_PAUSE_SECONDS = 0.1
_LIMIT_SECONDS = 30.0
_PASSED_ON = ("Retry-After",)


class CalledServiceProblem(Problem):
    """A problem that another service answered, with its own slug and status."""

    def __init__(self, document: ProblemDocument, **context: Any) -> None:
        errors = tuple(FieldProblem(e.pointer, e.message, e.hint) for e in document.errors)
        super().__init__(document.detail, hint=document.hint, errors=errors, **context)
        self.slug = document.code  # type: ignore[misc]
        self.status = document.status  # type: ignore[misc]
        self.title = document.title  # type: ignore[misc]


@dataclass(frozen=True)
class Answer:
    """An answer below 400: its status, headers and undecoded body."""

    status: int
    headers: httpx.Headers
    body: bytes


class ServiceClient:
    """Speaks to one service. Tries again only what does no harm twice: all but posts without an idempotency key."""

    def __init__(
        self, audience: str, base_url: str, credentials: Credentials, transport: httpx.AsyncBaseTransport
    ) -> None:
        self._audience = audience
        self._credentials = credentials
        self._http = httpx.AsyncClient(base_url=base_url, transport=transport, timeout=None)

    async def call(
        self,
        method: str,
        path: str,
        wanted: type[T],
        *,
        authority: Authority,
        body: Any = None,
        query: dict[str, Any] | None = None,
        idempotency_key: str | None = None,
        limit_seconds: float = _LIMIT_SECONDS,
    ) -> T:
        """Call and return the answer decoded as ``wanted`` (``type(None)`` where no body is expected).

        Raises CalledServiceProblem for a problem that the service answered, BadAnswer for what is no ``wanted``,
        Unavailable if it can't be reached, DeadlineExceeded if the request's deadline passed first.
        """
        headers = await self._credentials.headers(self._audience, authority, reading=method == "GET")
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        answer = await self.send(method, path, headers, _encode(body), query, limit_seconds)
        if wanted is type(None) or answer.status == 204:
            return None  # type: ignore[return-value]
        try:
            return msgspec.json.decode(answer.body, type=wanted)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise BadAnswer(f"{self._audience} answered what can't be read.", path=path, cause=str(error)) from error

    async def fetch(self, path: str, *, authority: Authority, limit_seconds: float = _LIMIT_SECONDS) -> bytes:
        """Return the undecoded body of a GET, such as an archive; raises as :meth:`call` does."""
        headers = await self._credentials.headers(self._audience, authority, reading=True)
        return (await self.send("GET", path, headers, limit_seconds=limit_seconds)).body

    async def send(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        content: bytes | None = None,
        query: dict[str, Any] | None = None,
        limit_seconds: float = _LIMIT_SECONDS,
        *,
        repeatable: bool = False,
    ) -> Answer:
        """Send with ready headers, try again where that is safe, and raise the problem of an error answer.

        ``repeatable`` marks a post that does no harm twice. ``limit_seconds`` is for all tries together.
        """
        tries = _TRIES if repeatable or method in _SAFE or "Idempotency-Key" in headers else 1
        end = time.monotonic() + deadline.remaining(limit_seconds)
        for attempt in itertools.count(1):
            try:
                return await self._once(method, path, headers, content, query, end - time.monotonic())
            except (Unavailable, CalledServiceProblem) as problem:
                pause = _PAUSE_SECONDS * 2**attempt * random.uniform(0.5, 1.0)
                if problem.status not in (502, 503) or attempt == tries or time.monotonic() + pause > end:
                    raise
                log.info("call.retry", audience=self._audience, path=path, attempt=attempt, reason=str(problem))
                await asyncio.sleep(pause)
        raise AssertionError("unreachable")

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _once(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        content: bytes | None,
        query: dict[str, Any] | None,
        left: float,
    ) -> Answer:
        sent = {"Accept": "application/json", **headers, deadline.HEADER: str(max(0, int(left * 1000)))}
        if content is not None:
            sent["Content-Type"] = "application/json"
        span = trace.current()
        if span:
            sent["traceparent"] = span.child().header
        try:
            async with asyncio.timeout(left):
                response = await self._http.request(method, path, headers=sent, content=content, params=_plain(query))
        except TimeoutError as error:
            raise DeadlineExceeded(f"{self._audience} did not answer in {left:.1f} s.", path=path) from error
        except (httpx.HTTPError, aiohttp.ClientError, OSError) as error:
            raise Unavailable(f"{self._audience} can't be reached.", path=path, cause=repr(error)) from error
        if response.status_code >= 300:
            raise CalledServiceProblem(
                _problem_of(response, self._audience),
                headers={name: response.headers[name] for name in _PASSED_ON if name in response.headers},
                audience=self._audience,
                path=path,
            )
        return Answer(response.status_code, response.headers, response.content)


def _encode(body: Any) -> bytes | None:
    return None if body is None else msgspec.json.encode(body)


def _plain(query: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if query is None else {key: value for key, value in query.items() if value is not None}


def _problem_of(response: httpx.Response, audience: str) -> ProblemDocument:
    """Return the problem of an answer, with the status it really came with; 502 for what is no problem document."""
    status = response.status_code
    try:
        document = msgspec.json.decode(response.content, type=ProblemDocument)
        return msgspec.structs.replace(document, status=status if status >= 400 else BadAnswer.status)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        detail = f"{audience} answered {status} without a problem document."
        status = BadAnswer.status if status < 500 else status
        return msgspec.structs.replace(BadAnswer(detail).document(), status=status)
