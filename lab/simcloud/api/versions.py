"""Microversions: which one a request asks for, and the headers that say which one it got."""

from collections.abc import Callable
from typing import Any

from sanic import Request, Sanic
from sanic.response import BaseHTTPResponse

from lab.simcloud.errors import ApiError

Version = tuple[int, int]


def parse_version(text: str) -> Version:
    """`2.96` as (2, 96); raises ApiError 400 for anything else."""
    major, _, minor = text.partition(".")
    if not (major.isdigit() and minor.isdigit()):
        raise ApiError(400, f"API Version String {text} is of invalid format. Must be of format MajorNum.MinorNum.")
    return int(major), int(minor)


def show_version(version: Version) -> str:
    """(2, 96) as `2.96`."""
    return f"{version[0]}.{version[1]}"


def negotiate(
    app: Sanic[Any, Any],
    lowest: Version,
    highest: Version,
    asked: Callable[[Request], str | None],
    tell: Callable[[BaseHTTPResponse, Version], None],
) -> None:
    """Sets `request.ctx.version`; 406 for what we do not speak.

    asked: reads the request's header ("latest" is understood). tell: writes the response's headers.
    """

    async def choose(request: Request) -> None:
        text = asked(request)
        version = lowest if not text else highest if text == "latest" else parse_version(text)
        if not lowest <= version <= highest:
            raise ApiError(
                406,
                f"Version {show_version(version)} is not supported by the API. Minimum is {show_version(lowest)} "
                f"and maximum is {show_version(highest)}.",
                "NotAcceptable",
            )
        request.ctx.version = version

    async def show(request: Request, response: BaseHTTPResponse) -> None:
        tell(response, getattr(request.ctx, "version", lowest))

    app.register_middleware(choose, "request")
    app.register_middleware(show, "response")


def version_of(request: Request) -> Version:
    """The microversion of this request."""
    version: Version = request.ctx.version
    return version
