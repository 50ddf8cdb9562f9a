"""From a request to its answer: trace, deadline, credentials, permission, body, handler, problem or reply."""

import asyncio
import re
import time
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import msgspec
from sanic import HTTPResponse
from sanic.request import Request

from services.chassis import deadline, trace
from services.chassis.audit import Refusals
from services.chassis.auth.caller import SERVICE_PREFIX, Caller
from services.chassis.auth.contact import LATE_READ_SECONDS
from services.chassis.auth.credentials import PROOF_HEADER
from services.chassis.auth.verify import TokenEnded
from services.chassis.context import Process
from services.chassis.db import is_transient
from services.chassis.errors import (
    BodyTooLarge,
    DeadlineExceeded,
    Forbidden,
    InvalidRequest,
    NotAuthenticated,
    NotFound,
    Problem,
    Unavailable,
)
from services.chassis.log import bind_contextvars, clear_contextvars, get_logger
from services.chassis.routing import Call, Exposure, Reply, Route
from services.chassis.validation import convert_query, decode_body

log = get_logger("chassis.dispatch")
_PROBLEM_TYPE = "application/problem+json"
_UNNAMEABLE = re.compile(r"[\x00-\x1f/\ufffd]")
_LOGGED = "The request failed; it is logged."
_POLICY_VIOLATION, _INTERNAL_ERROR = 1008, 1011
_CLOSE_BYTES = 120
"""WebSocket close codes, and how long a reason may be (RFC 6455, sections 7.4.1 and 5.5)."""
_NOBODY = Caller(subject="", chain=())


class Dispatcher:
    """Answers the requests of one service process; ``context`` is the service's own, handed to each handler."""

    def __init__(self, process: Process, context: Any, refusals: Refusals) -> None:
        self._process = process
        self._context = context
        self._refusals = refusals

    async def answer(self, route: Route, request: Request, path: dict[str, str]) -> HTTPResponse | None:
        """Answer one request; never raises."""
        started = time.perf_counter()
        span = trace.begin(request.headers.get("traceparent"))
        clear_contextvars()
        bind_contextvars(request_id=span.trace_id, route=f"{route.method} {route.path}")
        self._begin_deadline(route, request)
        caller = _NOBODY
        with self._process.metrics.in_flight.track_inprogress():
            try:
                caller = await self._caller(route, request)
                _admit(route, caller)
                response = await self._handle(route, request, caller, path)
            except Exception as error:
                response = self._refuse(route, caller, _as_problem(error), span.trace_id)
        status = response.status if response is not None else 200
        self._process.metrics.observe(route.path, route.method, status, time.perf_counter() - started)
        return response

    async def converse(self, route: Route, request: Request, socket: Any, path: dict[str, str]) -> None:
        """Answer one WebSocket; a refusal closes it with 1008 (RFC 6455) and the sentence."""
        span = trace.begin(request.headers.get("traceparent"))
        clear_contextvars()
        bind_contextvars(request_id=span.trace_id, route=f"{route.method} {route.path}")
        self._begin_deadline(route, request)
        caller = _NOBODY
        try:
            caller = await self._caller(route, request)
            _admit(route, caller)
            query = convert_query(_query_of(request), route.query)
            await route.handler(Call(self._context, caller, None, query, _plain_path(path), request, socket))
        except Exception as error:
            problem = _as_problem(error)
            self._refuse(route, caller, problem, span.trace_id)
            code = _POLICY_VIOLATION if problem.status < 500 else _INTERNAL_ERROR
            await socket.close(
                code, f"{problem.slug}: {problem.detail}".encode()[:_CLOSE_BYTES].decode(errors="ignore")
            )

    def _begin_deadline(self, route: Route, request: Request) -> None:
        if route.stream or route.socket:
            deadline.end()
        else:
            deadline.begin(self._process.settings.limits.request_seconds, request.headers.get(deadline.HEADER))

    async def _caller(self, route: Route, request: Request) -> Caller:
        if route.open:
            return _NOBODY
        proof = request.headers.get(PROOF_HEADER, "")
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        caller = self._prover(proof) if route.callers and not token else await self._bearer(route, token, proof)
        bind_contextvars(subject=caller.subject, via=" > ".join(caller.chain))
        return replace(caller, permission=route.permission or "")

    async def _bearer(self, route: Route, token: str, proof: str) -> Caller:
        """Return who sends a pass or hop; what only reads takes a pass that ended while authz gives no new ones."""
        verifier = self._process.verifier
        try:
            return verifier.caller(token, proof)
        except TokenEnded:
            if not route.reads or not await self._process.authz.allows_late_reads():
                raise
            return verifier.caller(token, proof, late_seconds=LATE_READ_SECONDS)

    def _prover(self, proof: str) -> Caller:
        """Return the service behind a bare proof; only authz, which knows the services' keys, takes one."""
        if self._process.key_owner is None or not proof:
            raise NotAuthenticated("A pass is needed.")
        holder, _claimed = self._process.verifier.prover(proof)
        owner = self._process.key_owner(holder)
        if owner is None:
            raise NotAuthenticated("The key belongs to no service that is known here.")
        return Caller(subject=f"{SERVICE_PREFIX}{owner}", chain=(owner,), bound_to=holder)

    async def _handle(
        self, route: Route, request: Request, caller: Caller, path: dict[str, str]
    ) -> HTTPResponse | None:
        if route.needs_idempotency_key and not request.headers.get("Idempotency-Key"):
            raise InvalidRequest(
                "The header Idempotency-Key is missing.",
                hint="Send a fresh random text with each new request and the same one with a repetition.",
            )
        body = _decoded(self._body_of(route, request), route) if route.body else None
        query = convert_query(_query_of(request), route.query)
        call = Call(self._context, caller, body, query, _plain_path(path), request)
        if route.stream:
            return await self._stream(route, call)
        answer = await self._in_time(route, call)
        return answer if isinstance(answer, HTTPResponse) else _reply(answer, route.status)

    async def _in_time(self, route: Route, call: Call[Any, Any, Any]) -> Any:
        left = deadline.remaining(self._process.settings.limits.request_seconds)
        limit = asyncio.timeout(left)
        try:
            async with limit:
                return await route.handler(call)
        except TimeoutError as error:
            if limit.expired():
                raise DeadlineExceeded(f"The answer was not there in {left:.1f} s.") from error
            raise

    async def _stream(self, route: Route, call: Call[Any, Any, Any]) -> HTTPResponse | None:
        """Run the handler of a stream until it ends, or the process is stopping: its client then asks elsewhere."""
        streaming = asyncio.ensure_future(route.handler(call))
        stopping = asyncio.ensure_future(self._process.stopping.wait())
        try:
            await asyncio.wait((streaming, stopping), return_when=asyncio.FIRST_COMPLETED)
            return _as_response(streaming.result()) if streaming.done() else None
        finally:
            for task in (streaming, stopping):
                task.cancel()
            await asyncio.gather(streaming, stopping, return_exceptions=True)

    def _body_of(self, route: Route, request: Request) -> bytes:
        limit = route.body_bytes or self._process.settings.limits.body_bytes
        if len(request.body) > limit:
            raise BodyTooLarge(f"The body has {len(request.body)} bytes; at most {limit} are taken here.")
        return request.body

    def _refuse(self, route: Route, caller: Caller, problem: Problem, request_id: str) -> HTTPResponse:
        if problem.status in (401, 403):
            self._process.metrics.refusals.labels(route.path).inc()
            self._refusals.note(route, caller, problem)
        said = problem.log_fields()
        if problem.status >= 500:
            log.error("request.failed", **{**said, "exc_info": problem.__cause__})
        else:
            log.info("request.refused", **said)
        return problem_response(problem, request_id)


def problem_response(problem: Problem, request_id: str | None) -> HTTPResponse:
    """Return a problem as an answer."""
    body = msgspec.json.encode(problem.document(request_id))
    return HTTPResponse(body, problem.status, problem.headers, _PROBLEM_TYPE)


def _as_problem(error: Exception) -> Problem:
    """Return what the caller sees of an error: only a Problem's own words."""
    if isinstance(error, Problem):
        return error
    transient = is_transient(error)
    problem = Unavailable("Something that this needs does not answer; try again.") if transient else Problem(_LOGGED)
    problem.__cause__ = error
    return problem


def _admit(route: Route, caller: Caller) -> None:
    """Raise Forbidden where the route's policy leaves the caller out, whatever the object; open routes take anybody."""
    if not route.open:
        _check_service(route, caller)
        _check_permission(route, caller)


def _check_service(route: Route, caller: Caller) -> None:
    if route.callers and caller.own_name not in route.callers:
        raise Forbidden(f"Only {', '.join(route.callers)} may call this, in its own name.", chain=caller.chain)
    if route.exposure is not Exposure.INTERNAL and not caller.chain:
        raise NotAuthenticated("The request did not come through a door of the platform.")


def _check_permission(route: Route, caller: Caller) -> None:
    """Refuse early who holds the permission nowhere; where it is held, the handler looks at the object's project."""
    wanted = route.permission
    if wanted is None or wanted in caller.platform or any(wanted in held for held in caller.projects.values()):
        return
    raise Forbidden(
        f"This needs the permission {wanted}, which you hold on no project.",
        hint="Ask a manager of the project for a role that has it.",
        subject=caller.subject,
    )


def _decoded(raw: bytes, route: Route) -> Any:
    return raw if route.body is bytes else decode_body(raw, route.body)


def _plain_path(path: dict[str, str]) -> dict[str, str]:
    """Return the path's parts without percent-encoding; raises NotFound for what no name may hold."""
    if not any("%" in part for part in path.values()):
        return path
    plain = {name: unquote(part) for name, part in path.items()}
    if any(_UNNAMEABLE.search(part) for part in plain.values()):
        raise NotFound()
    return plain


def _query_of(request: Request) -> dict[str, Any]:
    return {name: values if len(values) > 1 else values[0] for name, values in request.args.items()}


def _as_response(answer: Any) -> HTTPResponse | None:
    return answer if isinstance(answer, HTTPResponse) else None


def _reply(answer: Any, status: int) -> HTTPResponse:
    reply = answer if isinstance(answer, Reply) else Reply(answer)
    headers = {**reply.headers, **({"ETag": f'"{reply.etag}"'} if reply.etag else {})}
    if reply.body is None:
        return HTTPResponse(b"", reply.status or status, headers)
    return HTTPResponse(msgspec.json.encode(reply.body), reply.status or status, headers, "application/json")
