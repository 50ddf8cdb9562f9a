"""Hand a service's answer to the client: whole when it is small, else as it comes."""

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from sanic import HTTPResponse
from sanic.request import Request

from services.chassis.log import get_logger
from services.gateway.adapters.wire import Answer, WireLost
from services.gateway.domain.grants import Pass
from services.gateway.domain.headers import outwards
from services.gateway.domain.idempotency import KeptAnswer
from services.gateway.exceptions import Interrupted

log = get_logger("gateway.deliver")
_WHOLE_BYTES = 256 * 1024
REPLAYED = "Idempotency-Replayed"
AS_OF = "Permissions-As-Of"
"""An HTTP date (RFC 9110, section 5.6.7)."""


def is_small(answer: Answer) -> bool:
    """Tell whether the answer's length is known and worth no stream."""
    length = answer.content_length
    return length is not None and length <= _WHOLE_BYTES


async def whole(service: str, answer: Answer) -> KeptAnswer:
    """Read an answer to its end; raises Interrupted if the service goes away first."""
    try:
        body = await answer.read()
    except WireLost as error:
        raise Interrupted(service, cause=str(error)) from error
    return KeptAnswer(answer.status, _headers(answer), body)


def as_response(answer: KeptAnswer, *, replayed: bool = False) -> HTTPResponse:
    """Return a whole answer for the client."""
    headers = {**answer.headers, **({REPLAYED: "true"} if replayed else {})}
    content_type = headers.pop("Content-Type", None)
    return HTTPResponse(answer.body, answer.status, headers, content_type)


def lateness(given: Pass | None) -> dict[str, str]:
    """Return the header that says of when the permissions are, if authz could not be asked again."""
    if given is None or not given.late:
        return {}
    return {AS_OF: format_datetime(datetime.fromtimestamp(given.taken_at, UTC), usegmt=True)}


async def stream(request: Request, answer: Answer, said: dict[str, str]) -> None:
    """Send the answer piece by piece, never faster than the client takes it; ``said`` are the door's own headers.

    A service that goes away midway breaks the client's connection too: a cut answer must not look whole.
    """
    headers = {**_headers(answer), **said}
    content_type = headers.pop("Content-Type", None)
    response = await request.respond(status=answer.status, headers=headers, content_type=content_type)
    try:
        async for piece in answer.pieces():
            await response.send(piece)
    except WireLost as error:
        log.warning("answer.cut", error=repr(error))
        cut(request)


def cut(request: Request) -> None:
    """Break the client's connection: the only way to say that a begun answer will not be whole."""
    transport: Any = request.transport
    transport.abort()


def _headers(answer: Answer) -> dict[str, str]:
    return outwards(answer.headers, answer.header("connection"))
