"""The app factory: route tables in, a Sanic application out, with health, readiness and metrics."""

import asyncio
import re
from collections.abc import Sequence
from typing import Any

import msgspec
from sanic import HTTPResponse, Sanic
from sanic.exceptions import MethodNotAllowed as SanicMethodNotAllowed
from sanic.exceptions import NotFound as SanicNotFound
from sanic.exceptions import PayloadTooLarge, SanicException
from sanic.request import Request

from services.chassis.application import Application
from services.chassis.context import Check, Process
from services.chassis.dispatch import Dispatcher, problem_response
from services.chassis.errors import BadRequest, BodyTooLarge, MethodNotAllowed, NotFound, Problem
from services.chassis.log import get_logger
from services.chassis.metrics import CONTENT_TYPE
from services.chassis.routing import Route

log = get_logger("chassis.app")
_CHECK_SECONDS = 3.0


def create_app(
    process: Process, routes: Sequence[Route], dispatcher: Dispatcher, name: str | None = None
) -> Sanic[Any, Any]:
    """Return an application that answers ``routes``; ``name`` only has to be unique in a process."""
    app = Application(_app_name(name or process.service), configure_logging=False)
    app.config.update(
        REQUEST_MAX_SIZE=max(process.settings.limits.body_bytes, *(r.body_bytes or 0 for r in routes), 1) + 1,
        RESPONSE_TIMEOUT=3600,
        KEEP_ALIVE_TIMEOUT=75,
        GRACEFUL_SHUTDOWN_TIMEOUT=process.settings.limits.stop_seconds,
        ACCESS_LOG=False,
        TOUCHUP=False,
    )
    for route in routes:
        if route.socket:
            app.add_websocket_route(_socket_handler(route, dispatcher), _sanic_path(route.path), name=_unique(route))
            continue
        app.add_route(_handler(route, dispatcher), _sanic_path(route.path), methods=[route.method], name=_unique(route))
    _add_health(app, process)
    app.exception(Exception)(_answer_exception)
    return app


def _handler(route: Route, dispatcher: Dispatcher) -> Any:
    async def handle(request: Request, **path: str) -> HTTPResponse | None:
        return await dispatcher.answer(route, request, path)

    return handle


def _socket_handler(route: Route, dispatcher: Dispatcher) -> Any:
    async def handle(request: Request, socket: Any, **path: str) -> None:
        await dispatcher.converse(route, request, socket, path)

    return handle


def _add_health(app: Sanic[Any, Any], process: Process) -> None:
    async def healthz(_request: Request) -> HTTPResponse:
        return HTTPResponse(b'{"status":"ok"}', 200, content_type="application/json")

    async def readyz(_request: Request) -> HTTPResponse:
        complaints = await readiness(process)
        body = msgspec.json.encode({"ready": not complaints, "complaints": complaints})
        return HTTPResponse(body, 503 if complaints else 200, content_type="application/json")

    async def metrics(_request: Request) -> HTTPResponse:
        return HTTPResponse(process.metrics.render(), 200, content_type=CONTENT_TYPE)

    app.add_route(healthz, "/healthz", name="healthz")
    app.add_route(readyz, "/readyz", name="readyz")
    app.add_route(metrics, "/metrics", name="metrics")


async def readiness(process: Process) -> dict[str, str]:
    """Return what is not ready, by the name of the check, each with a sentence; empty when all is well."""
    complaints = {}
    if process.stopping.is_set():
        complaints["process"] = "The process is stopping."
    answers = await asyncio.gather(*(_complaint(check) for check in process.checks.values()))
    return complaints | {name: said for name, said in zip(process.checks, answers, strict=True) if said}


async def _complaint(check: Check) -> str | None:
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            return await check()
    except TimeoutError:
        return f"No answer in {_CHECK_SECONDS:g} s."
    except Exception as error:
        return f"{error}" or repr(error)


async def _answer_exception(request: Request, error: Exception) -> HTTPResponse:
    problem = _as_problem(request, error)
    if problem.status >= 500:
        log.error("request.broken", path=request.path, error=repr(error))
    return problem_response(problem, None)


def _as_problem(request: Request, error: Exception) -> Problem:
    if isinstance(error, SanicNotFound):
        return NotFound()
    if isinstance(error, SanicMethodNotAllowed):
        return MethodNotAllowed(f"{request.path} does not take {request.method}.", headers=dict(error.headers))
    if isinstance(error, PayloadTooLarge):
        return BodyTooLarge("The body is larger than what is taken here.")
    if isinstance(error, SanicException) and error.status_code < 500:
        return BadRequest(str(error))
    return Problem("The request failed; it is logged.")


def _sanic_path(path: str) -> str:
    return path.replace("{", "<").replace("}", ">")


def _unique(route: Route) -> str:
    return re.sub(r"\W", "_", f"{route.method}_{route.path}")


def _app_name(name: str) -> str:
    return f"cloudpoint_{name.replace('-', '_')}"
