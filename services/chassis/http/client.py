"""The client for one sibling service."""

import asyncio
import random
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import msgspec

from services.chassis import deadline, trace
from services.chassis.auth.credentials import Authority, Credentials
from services.chassis.errors import DeadlineExceeded, FieldProblem, Problem, ProblemDocument, Unavailable
from services.chassis.log import get_logger

T = TypeVar("T")
log = get_logger("chassis.http")

_SAFE = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_TRIES = 3
_PAUSE_SECONDS = 0.1
_LIMIT_SECONDS = 30.0


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
    """Speaks to one service. Retries only what is safe: safe methods, and posts that carry an idempotency key."""

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

        Raises CalledServiceProblem for a problem that the service answered, Unavailable if it can't be reached,
        DeadlineExceeded if the request's deadline passed first.
        """
        headers = await self._credentials.headers(self._audience, authority)
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        answer = await self.send(method, path, headers, _encode(body), query, limit_seconds)
        if wanted is type(None) or answer.status == 204:
            return None  # type: ignore[return-value]
        return msgspec.json.decode(answer.body, type=wanted)

    async def fetch(self, path: str, *, authority: Authority, limit_seconds: float = _LIMIT_SECONDS) -> bytes:
        """Return the undecoded body of a GET, such as an archive; raises as :meth:`call` does."""
        headers = await self._credentials.headers(self._audience, authority)
        return (await self.send("GET", path, headers, limit_seconds=limit_seconds)).body

    async def send(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        content: bytes | None = None,
        query: dict[str, Any] | None = None,
        limit_seconds: float = _LIMIT_SECONDS,
    ) -> Answer:
        """Send with ready headers, try again where that is safe, and raise the problem of an error answer."""
        again = method in _SAFE or "Idempotency-Key" in headers
        for attempt in range(1, _TRIES + 1):
            try:
                return await self._once(method, path, headers, content, query, limit_seconds)
            except (Unavailable, CalledServiceProblem) as problem:
                passing = problem.status in (502, 503)
                if not (again and passing) or attempt == _TRIES or deadline.remaining(limit_seconds) < _PAUSE_SECONDS:
                    raise
                log.info("call.retry", audience=self._audience, path=path, attempt=attempt, reason=str(problem))
                await asyncio.sleep(_PAUSE_SECONDS * 2**attempt * random.uniform(0.5, 1.0))
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
        limit_seconds: float,
    ) -> Answer:
        left = deadline.remaining(limit_seconds)
        sent = {"Accept": "application/json", **headers, deadline.HEADER: str(int(left * 1000))}
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
        except httpx.HTTPError as error:
            raise Unavailable(f"{self._audience} can't be reached.", path=path, cause=repr(error)) from error
        if response.status_code >= 400:
            raise CalledServiceProblem(_problem_of(response, self._audience), audience=self._audience, path=path)
        return Answer(response.status_code, response.headers, response.content)


def _encode(body: Any) -> bytes | None:
    return None if body is None else msgspec.json.encode(body)


def _plain(query: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if query is None else {key: value for key, value in query.items() if value is not None}


def _problem_of(response: httpx.Response, audience: str) -> ProblemDocument:
    try:
        return msgspec.json.decode(response.content, type=ProblemDocument)
    except msgspec.MsgspecError:
        status = response.status_code
        return ProblemDocument(
            type="urn:cloudpoint:problem:bad-gateway",
            title="A part of the platform answered nonsense",
            status=502 if status < 500 else status,
            code="bad-gateway",
            detail=f"{audience} answered {status} without a problem document.",
        )
