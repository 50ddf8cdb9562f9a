"""Requests with an ``Idempotency-Key``: done once, answered as often as they are repeated."""

import asyncio
from collections.abc import Awaitable, Callable

from sanic import HTTPResponse

from services.chassis.auth.tokens import Grants
from services.chassis.errors import Problem
from services.chassis.log import get_logger
from services.gateway.domain.grants import Pass
from services.gateway.domain.idempotency import KeptAnswer, is_final, is_uncertain, keyed
from services.gateway.exceptions import KeyMissing, NotRepeated
from services.gateway.routes.deliver import as_response
from services.gateway.routes.visit import Visit
from services.gateway.storage.idempotency import Attempt, IdempotencyStore

log = get_logger("gateway.once")
Forward = Callable[[Pass], Awaitable[HTTPResponse | None]]


class Once:
    """``answer_bytes`` is the largest answer that is kept."""

    def __init__(self, store: IdempotencyStore, answer_bytes: int) -> None:
        self._store = store
        self._answer_bytes = answer_bytes
        self._running: set[asyncio.Task[HTTPResponse | None]] = set()

    async def answer(self, visit: Visit, key: str | None, given: Pass | None, forward: Forward) -> HTTPResponse | None:
        """Forward the first of equal requests under the pass ``given``, and repeat its answer to the others.

        It goes on when the client leaves, so that the client finds the answer when it comes back. Raises KeyMissing,
        KeyMalformed, KeyReused, StillRunning, NotRepeated.
        """
        if not key or visit.credential is None or given is None:
            raise KeyMissing()
        request = keyed(visit.credential.subject, visit.operation.route, key, visit.target, visit.body or b"")
        begun = await self._store.begin(request)
        if isinstance(begun, KeptAnswer):
            if begun.grants and given.lost_since(begun.grants, visit.operation.permission):
                raise NotRepeated()
            return as_response(begun, replayed=True)
        task = asyncio.create_task(self._first(begun, given, forward))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def _first(self, attempt: Attempt, given: Pass, forward: Forward) -> HTTPResponse | None:
        try:
            response = await forward(given)
        except Problem as problem:
            await self._settle(attempt, problem.status, None, given.grants)
            raise
        assert response is not None
        await self._settle(attempt, response.status, response, given.grants)
        return response

    async def _settle(self, attempt: Attempt, status: int, response: HTTPResponse | None, grants: Grants) -> None:
        """Keep a final answer; let what did nothing, or may not be kept, be tried again now, else after the lease."""
        body = (response.body or b"") if response else b""
        if response and is_final(status) and len(body) <= self._answer_bytes and not _secret(response):
            await self._store.keep(attempt, _kept(response, body, grants))
        elif not is_uncertain(status):
            await self._store.release(attempt)


def _secret(response: HTTPResponse) -> bool:
    """Tell whether the service forbids to keep its answer (RFC 9111, section 5.2.2.5): it holds a secret."""
    return "no-store" in response.headers.get("Cache-Control", "")


def _kept(response: HTTPResponse, body: bytes, grants: Grants) -> KeptAnswer:
    headers = {str(name): str(value) for name, value in response.headers.items()}
    if response.content_type:
        headers["Content-Type"] = response.content_type
    return KeptAnswer(response.status, headers, body, grants)
