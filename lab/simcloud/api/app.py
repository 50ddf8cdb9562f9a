"""What every emulated API does alike: a Sanic app, a table of routes, JSON answers, errors in the API's own shape."""

import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any
from uuid import uuid4

import msgspec
from sanic import HTTPResponse, Request, Sanic
from sanic.exceptions import SanicException
from sanic.response import BaseHTTPResponse

from lab.simcloud.errors import ApiError

Handler = Callable[..., Coroutine[Any, Any, HTTPResponse]]
Route = tuple[str, str, Handler]
ErrorBody = Callable[[ApiError], Any]

log = logging.getLogger("simcloud")


def answer(body: Any = None, status: int = 200, headers: Mapping[str, str] | None = None) -> HTTPResponse:
    """A JSON answer; without a body an empty one."""
    encoded = b"" if body is None else msgspec.json.encode(body)
    content_type = None if body is None else "application/json"
    return HTTPResponse(encoded, status=status, headers=dict(headers or {}), content_type=content_type)


def new_app(cloud_name: str, service: str, error_body: ErrorBody) -> Sanic[Any, Any]:
    """A Sanic app of its own for one service, which shows errors by `error_body`."""
    app: Sanic[Any, Any] = Sanic(f"simcloud_{cloud_name.replace('-', '_')}_{service}", configure_logging=False)
    app.config.TOUCHUP = False
    app.config.FALLBACK_ERROR_FORMAT = "json"
    app.config.KEEP_ALIVE_TIMEOUT = 75
    app.config.ACCESS_LOG = False

    async def show(request: Request, error: Exception) -> HTTPResponse:
        refusal = _as_refusal(error)
        if refusal.status >= 500:
            log.error("%s %s failed", request.method, request.path, exc_info=error)
        return refusal_answer(app, refusal)

    async def stamp_request_id(request: Request, response: BaseHTTPResponse) -> None:
        response.headers["X-Openstack-Request-Id"] = f"req-{uuid4()}"

    app.ctx.error_body = error_body
    app.error_handler.add(Exception, show)
    app.register_middleware(stamp_request_id, "response")
    return app


def refusal_answer(app: Sanic[Any, Any], refusal: ApiError) -> HTTPResponse:
    """A refusal in the API's own shape."""
    body = app.ctx.error_body(refusal)
    if isinstance(body, str):
        return HTTPResponse(body, refusal.status, refusal.headers, "text/html; charset=UTF-8")
    return answer(body, refusal.status, refusal.headers)


def _as_refusal(error: Exception) -> ApiError:
    if isinstance(error, ApiError):
        return error
    if isinstance(error, SanicException):
        status = error.status_code or 500
        message = "The resource could not be found." if status == 404 else str(error)
        return ApiError(status, message, headers=getattr(error, "headers", None))
    return ApiError(500, f"Unexpected API Error. {type(error).__name__}: {error}")


def mount(app: Sanic[Any, Any], routes: Iterable[Route]) -> None:
    """Adds a table of (methods separated by spaces, path, handler)."""
    for index, (methods, path, handler) in enumerate(routes):
        name = f"{getattr(handler, '__name__', 'route')}_{len(app.router.routes)}_{index}"
        app.add_route(handler, path, methods=methods.split(), name=name, unquote=True)


def body_of(request: Request, *path: str) -> dict[str, Any]:
    """The JSON object of a request, or the object at `path` inside it; 400 if there is none."""
    try:
        value: Any = msgspec.json.decode(request.body) if request.body else None
    except msgspec.DecodeError as error:
        raise ApiError(400, f"Malformed request body: {error}", "BadRequest") from error
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    if not isinstance(value, dict):
        where = ".".join(path) or "a JSON object"
        raise ApiError(400, f"Invalid input: {where} is a required property", "BadRequest")
    return value


def text_argument(request: Request, name: str) -> str | None:
    """The last value of a query argument, or None."""
    values = request.args.getlist(name)
    return str(values[-1]) if values else None


def flag_argument(request: Request, name: str) -> bool:
    """Whether a query argument says yes."""
    return (text_argument(request, name) or "").lower() in ("true", "1", "yes", "on", "t")


def limit_argument(request: Request, most: int = 1000) -> int:
    """The page size asked for, at most `most`; 400 if it is no positive number."""
    text = text_argument(request, "limit")
    if text is None:
        return most
    if not text.isdigit():
        raise ApiError(400, f"Invalid input for field/attribute limit. Value: {text}.", "BadRequest")
    return min(int(text), most) or most


def address_of(request: Request) -> str:
    """The root address by which the client reached us, without a slash at the end."""
    return f"{request.scheme}://{request.host}"
