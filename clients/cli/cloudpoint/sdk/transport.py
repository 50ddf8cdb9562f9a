"""One connection to the API: tokens, idempotency keys, retries of what is safe, problems as exceptions."""

import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import httpx
import msgspec

from cloudpoint.sdk.answer import A, answer_of
from cloudpoint.sdk.errors import ConnectionFailed, UnreadableAnswer, problem_of

_TRIES = 4
_PAUSE_SECONDS = 0.5
_AGAIN = (429, 502, 503, 504)
_LONGEST_PAUSE_SECONDS = 30.0
_STREAM_SILENCE_SECONDS = 60.0


class _Page(msgspec.Struct, frozen=True):
    items: list[msgspec.Raw]
    next_cursor: str | None = None


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

    def call(self, method: str, path: str, wanted: type[A], body: Any = None, query: dict[str, Any] | None = None) -> A:
        """Return the answer as ``wanted``; raises ApiProblem, ConnectionFailed or UnreadableAnswer.

        A POST carries an idempotency key, the same one when it is tried again, so that nothing is made twice.
        """
        raw = self.raw(method, path, body, query)
        try:
            return answer_of(raw, wanted)
        except msgspec.MsgspecError as error:
            raise UnreadableAnswer(method, path, error) from error

    def raw(self, method: str, path: str, body: Any = None, query: dict[str, Any] | None = None) -> bytes:
        """Return the answer's body as it came; raises ApiProblem or ConnectionFailed. Bytes are sent as they are."""
        headers = {**self.headers, "Accept": "application/json"}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        content = body if isinstance(body, bytes) or body is None else msgspec.json.encode(body)
        if content is not None:
            headers["Content-Type"] = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        response = self._send(method, path, headers, content, _plain(query))
        if response.status_code >= 400:
            raise problem_of(response.status_code, response.content)
        return response.content

    def pages(self, path: str, wanted: type[A], query: dict[str, Any] | None = None) -> Iterator[A]:
        """Yield the items of all pages of a list, fetched as they are needed."""
        cursor: str | None = None
        while True:
            raw = self.raw("GET", path, query={**(query or {}), "cursor": cursor})
            try:
                page = msgspec.json.decode(raw, type=_Page)
                items = [answer_of(bytes(item), wanted) for item in page.items]
            except msgspec.MsgspecError as error:
                raise UnreadableAnswer("GET", path, error) from error
            yield from items
            cursor = page.next_cursor
            if cursor is None:
                return

    def stream(
        self, path: str, query: dict[str, Any], headers: dict[str, str]
    ) -> AbstractContextManager[httpx.Response]:
        """Open a stream of server-sent events, which breaks after a minute without even a heartbeat."""
        sent = {**self.headers, "Accept": "text/event-stream", **headers}
        timeout = httpx.Timeout(30, read=_STREAM_SILENCE_SECONDS)
        return self._http.stream("GET", path, params=_plain(query), headers=sent, timeout=timeout)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _send(
        self, method: str, path: str, headers: dict[str, str], content: bytes | None, query: dict[str, Any] | None
    ) -> httpx.Response:
        """Send, and send again what the other side could not take, as often as ``_TRIES`` in all."""
        for attempt in range(1, _TRIES):
            pause = _PAUSE_SECONDS * 2 ** (attempt - 1)
            try:
                response = self._http.request(method, path, headers=headers, content=content, params=query)
            except httpx.HTTPError:
                time.sleep(pause)
                continue
            wish = _seconds(response.headers.get("Retry-After"))
            if response.status_code not in _AGAIN or wish > _LONGEST_PAUSE_SECONDS:
                return response
            time.sleep(max(pause, wish))
        try:
            return self._http.request(method, path, headers=headers, content=content, params=query)
        except httpx.HTTPError as error:
            raise ConnectionFailed(f"{self.url} can't be reached: {error}") from error


def _plain(query: dict[str, Any] | None) -> dict[str, Any] | None:
    return {key: value for key, value in query.items() if value is not None} if query else None


def _seconds(retry_after: str | None) -> float:
    """Return the seconds of ``Retry-After``; a date, which the API does not send, counts as nothing."""
    return float(retry_after) if retry_after and retry_after.isdecimal() else 0.0
