"""The BMC's HTTP service: who may come in, what errors look like, and its routes."""

from typing import Any

from sanic import Request, Sanic
from sanic.exceptions import SanicException
from sanic.response import BaseHTTPResponse, HTTPResponse, json

from lab.rack.bmc import documents
from lab.rack.bmc.context import BmcContext
from lab.rack.bmc.routes import routes
from lab.rack.errors import ConflictError, RackError

OPEN_PATHS = ("/redfish", documents.ROOT)


def create_app(context: BmcContext) -> Sanic[Any, Any]:
    """The Redfish service of one BMC."""
    app: Sanic[Any, Any] = Sanic(f"bmc-{context.spec.serial}", configure_logging=False)
    app.config.KEEP_ALIVE_TIMEOUT = 30
    app.config.ACCESS_LOG = False
    app.ctx.bmc = context
    app.blueprint(routes)
    app.register_middleware(_let_in, "request")
    app.register_middleware(_name_protocol, "response")
    app.error_handler.add(SanicException, _refuse_http)
    app.error_handler.add(RackError, _refuse)
    return app


async def _let_in(request: Request) -> HTTPResponse | None:
    context: BmcContext = request.app.ctx.bmc
    path = request.path.rstrip("/")
    if path in OPEN_PATHS or (path == documents.SESSIONS and request.method == "POST"):
        return await _broken(context)
    headers = request.headers
    if not context.is_authorized(headers.get("authorization", ""), headers.get("x-auth-token", "")):
        body = documents.error("No valid log-in for this BMC.", "NoValidSession")
        return json(body, 401, {"WWW-Authenticate": 'Basic realm="BMC"'})
    return await _broken(context)


async def _broken(context: BmcContext) -> HTTPResponse | None:
    """The fault `bmc-error`: a BMC that answers, but never does anything."""
    if "bmc-error" not in (await context.ask("show")).faults:
        return None
    return json(documents.error("The BMC is not ready.", "ServiceTemporarilyUnavailable"), 503, {"Retry-After": "30"})


async def _name_protocol(_request: Request, response: BaseHTTPResponse) -> HTTPResponse | None:
    response.headers["OData-Version"] = "4.0"
    response.headers["Cache-Control"] = "no-cache"
    return None


async def _refuse_http(_request: Request, error: SanicException) -> HTTPResponse:
    name = "ResourceMissingAtURI" if error.status_code == 404 else "GeneralError"
    return json(documents.error(str(error), name), error.status_code)


async def _refuse(_request: Request, error: RackError) -> HTTPResponse:
    if isinstance(error, ConflictError):
        return json(documents.error(str(error), "ResourceInUse"), 409)
    return json(documents.error(str(error)), 400)
