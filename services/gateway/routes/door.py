"""The way of one request: operation, credential, rate, body, idempotency, pass, service, answer."""

import asyncio
import time
from typing import Any

from sanic import HTTPResponse
from sanic.request import Request

from services.chassis import trace
from services.chassis.dispatch import problem_response
from services.chassis.errors import DeadlineExceeded, NotAuthenticated, Problem
from services.chassis.log import bind_contextvars, clear_contextvars, get_logger
from services.gateway.adapters.bridge import bridge
from services.gateway.adapters.wire import Answer
from services.gateway.domain.catalogue import Catalogue, Operation
from services.gateway.domain.grants import Pass
from services.gateway.domain.idempotency import KeptAnswer
from services.gateway.domain.sessions import Credential
from services.gateway.factory import Gateway
from services.gateway.routes.body import read_body
from services.gateway.routes.deliver import as_response, cut, is_small, lateness, stream, whole
from services.gateway.routes.once import Once
from services.gateway.routes.visit import Visit

log = get_logger("gateway.door")
_BODIES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_REFUSALS = frozenset({401, 403, 404})
_YOUNG_SECONDS = 1.0


class Door:
    """Answers the requests of one listener."""

    def __init__(self, gateway: Gateway, catalogue: Catalogue) -> None:
        self._gateway = gateway
        self._catalogue = catalogue
        self._once = Once(gateway.store, gateway.settings.idempotency.answer_bytes)

    async def answer(self, request: Request) -> HTTPResponse | None:
        """Answer one request; never raises."""
        started = time.perf_counter()
        span = trace.begin(request.headers.get("traceparent"))
        clear_contextvars()
        bind_contextvars(request_id=span.trace_id)
        route, status = "(none)", 200
        try:
            operation = self._catalogue.find(request.method, request.path)
            route = operation.path
            bind_contextvars(route=operation.route)
            response = await self._handle(operation, request, span.trace_id)
        except Problem as problem:
            response = _refuse(request, problem, span.trace_id)
        except Exception as error:
            log.exception("request.failed", error=repr(error))
            response = _refuse(request, Problem("The request failed; it is logged."), span.trace_id)
        if response is not None:
            status = response.status
            response.headers["X-Request-Id"] = span.trace_id
        self._gateway.process.metrics.observe(route, request.method, status, time.perf_counter() - started)
        return response

    async def _handle(self, operation: Operation, request: Request, request_id: str) -> HTTPResponse | None:
        credential = await self.admit(operation, request)
        body = await self._body(operation, request)
        visit = Visit(request, operation, credential, body)
        if operation.socket:
            await self._converse(visit)
            return None
        if operation.stream:
            return await self._stream(visit, request_id)
        given = await self._pass(visit)
        key = request.headers.get("Idempotency-Key")
        if operation.method == "POST" and credential and (key or operation.needs_key):
            return await self._once.answer(
                visit, key, given, lambda given: self._pass_on(visit, given, request_id, keep_whole=True)
            )
        return await self._pass_on(visit, given, request_id)

    async def admit(self, operation: Operation, request: Request) -> Credential | None:
        """Return who asks, None on an open route; raises NotAuthenticated, TooManyRequests."""
        gateway = self._gateway
        address = gateway.addresses.of(request.ip, request.headers.get("x-forwarded-for"))
        if operation.open:
            await gateway.rates.open(address, operation.route)
            return None
        scheme, _, presented = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not presented.strip():
            raise NotAuthenticated("An API token or a session token is needed.", hint="Log in, or make an API token.")
        if not gateway.remembers(presented.strip()):
            await gateway.rates.check_failures(address)
        try:
            credential = await gateway.authenticate(presented.strip(), reading=operation.reads)
        except NotAuthenticated:
            await gateway.rates.failure(address)
            raise
        bind_contextvars(subject=credential.subject, sid=credential.id)
        await gateway.rates.credential(credential.id)
        return credential

    async def _body(self, operation: Operation, request: Request) -> bytes | None:
        if operation.method not in _BODIES:
            return None
        return await read_body(request, operation.body_bytes or self._gateway.settings.limits.body_bytes)

    async def _pass_on(
        self, visit: Visit, given: Pass | None, request_id: str, *, keep_whole: bool = False
    ) -> HTTPResponse | None:
        """Forward under the pass at hand; a refusal is asked again if what the person may do has changed since."""
        seconds = self._gateway.settings.limits.request_seconds
        async with self._gateway.upstream.send(visit.outgoing(given, seconds)) as answer:
            newer = await self._newer(visit, given, answer.status)
            if newer is None:
                return await self._deliver(visit, given, answer, request_id, keep_whole)
        async with self._gateway.upstream.send(visit.outgoing(newer, seconds)) as answer:
            return await self._deliver(visit, newer, answer, request_id, keep_whole)

    async def _deliver(
        self, visit: Visit, given: Pass | None, answer: Answer, request_id: str, keep_whole: bool
    ) -> HTTPResponse | None:
        said = lateness(given)
        if not (keep_whole or is_small(answer)):
            await stream(visit.request, answer, {**said, "X-Request-Id": request_id})
            return None
        response = as_response(await self._whole(visit.operation.service, answer))
        response.headers.update(said)
        return response

    async def _whole(self, service: str, answer: Answer) -> KeptAnswer:
        seconds = self._gateway.settings.limits.request_seconds
        try:
            async with asyncio.timeout(None if answer.complete else seconds):
                return await whole(service, answer)
        except TimeoutError as error:
            raise DeadlineExceeded(f"{service} did not answer in {seconds:g} s.") from error

    async def _stream(self, visit: Visit, request_id: str) -> HTTPResponse | None:
        given = await self._pass(visit)
        async with self._gateway.upstream.send(visit.outgoing(given, None)) as answer:
            if answer.status >= 400 or visit.credential is None or given is None:
                return await self._deliver(visit, given, answer, request_id, keep_whole=True)
            async with self._gateway.streams.held(visit.credential, visit.operation, given):
                await stream(visit.request, answer, {**lateness(given), "X-Request-Id": request_id})
        return None

    async def _converse(self, visit: Visit) -> None:
        given = await self._pass(visit)
        async with self._gateway.upstream.connect(visit.outgoing(given, None)) as service:
            protocol: Any = visit.request.transport.get_protocol()
            client = await protocol.websocket_handshake(visit.request)
            if visit.credential is None or given is None:
                await bridge(client, service)
                return
            async with self._gateway.streams.held(visit.credential, visit.operation, given):
                await bridge(client, service)

    async def _pass(self, visit: Visit) -> Pass | None:
        if visit.credential is None:
            return None
        operation = visit.operation
        return await self._gateway.passes.get(visit.credential, operation.service, reading=operation.reads)

    async def _newer(self, visit: Visit, given: Pass | None, status: int) -> Pass | None:
        """Return a new pass if the refusal may come from an old one; None if the answer stands."""
        old_enough = given is not None and given.taken_at < time.time() - _YOUNG_SECONDS
        if status not in _REFUSALS or visit.credential is None or given is None or not old_enough:
            return None
        newer = await self._gateway.passes.get(visit.credential, visit.operation.service, taken_after=time.time())
        return newer if status == 401 or newer.grants != given.grants else None


def _refuse(request: Request, problem: Problem, request_id: str) -> HTTPResponse | None:
    level = log.error if problem.status >= 500 else log.info
    level("request.refused", **problem.log_fields())
    if request.responded:
        cut(request)
        return None
    response = problem_response(problem, request_id)
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response
