"""One listener: everything goes through its door, but its own health, document and page."""

from typing import Any

import msgspec
from sanic import HTTPResponse, Sanic
from sanic.exceptions import MethodNotAllowed as SanicMethodNotAllowed
from sanic.exceptions import SanicException
from sanic.request import Request

from services.chassis.app import readiness
from services.chassis.application import Application
from services.chassis.dispatch import problem_response
from services.chassis.errors import NotFound, Problem
from services.chassis.log import get_logger
from services.chassis.metrics import CONTENT_TYPE
from services.gateway.domain.catalogue import Catalogue
from services.gateway.domain.page import PAGE_POLICY, page_of
from services.gateway.exceptions import BadRequest, WrongMethod
from services.gateway.factory import Gateway
from services.gateway.routes.door import Door

log = get_logger("gateway.listener")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_LONGEST_STREAM_SECONDS = 86_400


def listener_app(gateway: Gateway, name: str, port: int) -> Sanic[Any, Any]:
    """Return the application of the listener ``name`` (public or operator); ``port`` makes its name its own."""
    app = Application(f"cloudpoint_gateway_{name}_{port}", configure_logging=False)
    catalogue = Catalogue(gateway.documents[name])
    limits = gateway.settings.limits
    app.config.update(
        REQUEST_MAX_SIZE=max(limits.body_bytes, catalogue.largest_body()) + 1,
        RESPONSE_TIMEOUT=_LONGEST_STREAM_SECONDS,
        KEEP_ALIVE_TIMEOUT=75,
        GRACEFUL_SHUTDOWN_TIMEOUT=limits.stop_seconds,
        ACCESS_LOG=False,
        TOUCHUP=False,
    )
    app.enable_websocket()
    door = Door(gateway, catalogue)

    async def enter(request: Request, anything: str = "") -> HTTPResponse | None:
        return await door.answer(request)

    _add_health(app, gateway, for_operators=name == "operator")
    _add_documents(app, gateway.documents[name])
    app.add_route(enter, "/", methods=_METHODS, name="root", stream=True)
    app.add_route(enter, "/<anything:path>", methods=_METHODS, name="door", stream=True)
    app.exception(Exception)(_answer_exception)
    return app


def _add_health(app: Sanic[Any, Any], gateway: Gateway, *, for_operators: bool) -> None:
    async def healthz(_request: Request) -> HTTPResponse:
        return HTTPResponse(b'{"status":"ok"}', 200, content_type="application/json")

    async def readyz(_request: Request) -> HTTPResponse:
        complaints = await readiness(gateway.process)
        shown = {"ready": not complaints, **({"complaints": complaints} if for_operators else {})}
        return HTTPResponse(msgspec.json.encode(shown), 503 if complaints else 200, content_type="application/json")

    async def metrics(_request: Request) -> HTTPResponse:
        return HTTPResponse(gateway.process.metrics.render(), 200, content_type=CONTENT_TYPE)

    app.add_route(healthz, "/healthz", name="healthz")
    app.add_route(readyz, "/readyz", name="readyz")
    if for_operators:
        app.add_route(metrics, "/metrics", name="metrics")


def _add_documents(app: Sanic[Any, Any], document: dict[str, Any]) -> None:
    json_text = msgspec.json.encode(document)
    page = page_of(document)

    async def openapi(_request: Request) -> HTTPResponse:
        return HTTPResponse(json_text, 200, content_type="application/json")

    async def docs(_request: Request) -> HTTPResponse:
        headers = {"Content-Security-Policy": PAGE_POLICY, "X-Content-Type-Options": "nosniff"}
        return HTTPResponse(page, 200, headers, "text/html; charset=utf-8")

    app.add_route(openapi, "/openapi.json", name="openapi")
    app.add_route(docs, "/docs", name="docs")


async def _answer_exception(request: Request, error: Exception) -> HTTPResponse:
    """Answer what goes wrong before a request reaches the door (a broken request line, an unknown method)."""
    problem = _as_problem(error)
    if problem.status >= 500:
        log.error("request.broken", path=request.path, error=repr(error))
    return problem_response(problem, None)


def _as_problem(error: Exception) -> Problem:
    if isinstance(error, SanicMethodNotAllowed):
        return WrongMethod(tuple(sorted(error.headers.get("Allow", "").split(", "))))
    if isinstance(error, SanicException) and error.status_code == 404:
        return NotFound()
    if isinstance(error, SanicException) and error.status_code < 500:
        return BadRequest()
    return Problem("The request failed; it is logged.")
