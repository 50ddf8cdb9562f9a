"""One connection to the API: tokens, idempotency keys, retries of what is safe, problems as exceptions."""

import time
import uuid
from collections.abc import Iterator
from typing import Any, TypeVar

import httpx
import msgspec

from cloudpoint.sdk.errors import ConnectionFailed, problem_of

T = TypeVar("T")
_TRIES = 4
_PAUSE_SECONDS = 0.5
_AGAIN = (502, 503, 504)
_BUSY = 429


class Transport:
    """Sends requests to one address with one token."""

    def __init__(self, url: str, token: str | None, timeout_seconds: float = 60.0) -> None:
        self.url = url.rstrip("/")
        self.token = token
        self._http = httpx.Client(base_url=self.url, timeout=timeout_seconds)

    @property
    def headers(self) -> dict[str, str]:
        """The headers that say who asks."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def call(self, method: str, path: str, wanted: type[T], body: Any = None, query: dict[str, Any] | None = None) -> T:
        """Return the answer as ``wanted``; raises ApiProblem or ConnectionFailed.

        A POST carries an idempotency key, the same one when it is tried again, so that nothing is made twice.
        """
        raw = self.raw(method, path, body, query)
        return msgspec.json.decode(raw, type=wanted) if raw else None  # type: ignore[return-value]

    def raw(self, method: str, path: str, body: Any = None, query: dict[str, Any] | None = None) -> bytes:
        """Return the answer's body as it came; raises as :meth:`call` does."""
        headers = {**self.headers, "Accept": "application/json"}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        content = None if body is None else msgspec.json.encode(body)
        if content is not None:
            headers["Content-Type"] = "application/json"
        response = self._send(method, path, headers, content, _plain(query))
        if response.status_code >= 400:
            raise problem_of(response.status_code, response.content)
        return response.content

    def pages(self, path: str, wanted: type[T], query: dict[str, Any] | None = None) -> Iterator[T]:
        """Yield the items of all pages of a list, fetched as they are needed."""
        cursor: str | None = None
        while True:
            page = msgspec.json.decode(self.raw("GET", path, query={**(query or {}), "cursor": cursor}))
            yield from msgspec.convert(page["items"], list[wanted])  # type: ignore[valid-type]
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    def stream(self, path: str, query: dict[str, Any], headers: dict[str, str]) -> Any:
        """Open a stream of server-sent events (a context manager of an httpx response)."""
        sent = {**self.headers, "Accept": "text/event-stream", **headers}
        return self._http.stream("GET", path, params=_plain(query), headers=sent, timeout=httpx.Timeout(30, read=60))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _send(
        self, method: str, path: str, headers: dict[str, str], content: bytes | None, query: dict[str, Any] | None
    ) -> httpx.Response:
        for attempt in range(1, _TRIES + 1):
            last = attempt == _TRIES
            try:
                response = self._http.request(method, path, headers=headers, content=content, params=query)
            except httpx.HTTPError as error:
                if last:
                    raise ConnectionFailed(f"{self.url} can't be reached: {error}") from error
            else:
                if last or response.status_code not in (*_AGAIN, _BUSY):
                    return response
                time.sleep(float(response.headers.get("Retry-After", 0)))
            time.sleep(_PAUSE_SECONDS * 2 ** (attempt - 1))
        raise AssertionError("unreachable")


def _plain(query: dict[str, Any] | None) -> dict[str, Any] | None:
    return {key: value for key, value in query.items() if value is not None} if query else None
