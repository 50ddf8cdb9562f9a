"""Read a request's body, and stop at the limit rather than after it."""

from typing import Any

from sanic.exceptions import PayloadTooLarge
from sanic.request import Request

from services.chassis.errors import BodyTooLarge


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """Return the body; raises BodyTooLarge as soon as it is known to be longer than ``limit_bytes``."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit_bytes:
        raise _refusal(limit_bytes)
    incoming: Any = request.stream
    parts: list[bytes] = []
    size = 0
    try:
        while incoming is not None and (part := await incoming.read()) is not None:
            size += len(part)
            if size > limit_bytes:
                raise _refusal(limit_bytes)
            parts.append(part)
    except PayloadTooLarge as error:
        raise _refusal(limit_bytes) from error
    return b"".join(parts)


def _refusal(limit_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(f"At most {limit_bytes} bytes of body are taken here.")
