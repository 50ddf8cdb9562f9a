"""Where calls meet the knobs: around every handler of an app, before its token check and after its effect."""

import asyncio
from typing import Any

from sanic import HTTPResponse, Request, Sanic
from sanic.response import BaseHTTPResponse

from lab.simcloud.api.app import refusal_answer
from lab.simcloud.knobs.board import Board
from lab.simcloud.knobs.records import CallKnob
from lab.simcloud.knobs.words import refusal_of

_FIRST, _LAST = 100, -100


def watch_calls(app: Sanic[Any, Any], service: str, board: Board) -> None:
    """Has the calls of an app pass the knobs."""

    async def before(request: Request) -> HTTPResponse | None:
        knob = await _passed(request, "before")
        if knob is not None and knob.effect == "drop":
            _close(request)
            raise asyncio.CancelledError
        return _answer(app, service, knob)

    async def after(request: Request, response: BaseHTTPResponse) -> HTTPResponse | None:
        if response.status >= 300:
            return None
        knob = await _passed(request, "after")
        if knob is not None and knob.effect == "drop":
            _close(request)
        return _answer(app, service, knob)

    async def _passed(request: Request, moment: str) -> CallKnob | None:
        if not board:
            return None
        method, path = request.method, request.path

        def fits(knob: CallKnob) -> bool:
            return knob.fits(service, method, path) and (not knob.about or knob.is_about(_text(request)))

        return await board.call(moment, fits, f"{service} {method} {path}")

    app.register_middleware(before, "request", priority=_FIRST)
    app.register_middleware(after, "response", priority=_LAST)


def _answer(app: Sanic[Any, Any], service: str, knob: CallKnob | None) -> HTTPResponse | None:
    if knob is None or knob.effect != "error":
        return None
    if knob.body is not None:
        return HTTPResponse(knob.body, knob.status, knob.headers, knob.content_type)
    return refusal_answer(app, refusal_of(knob, service))


def _text(request: Request) -> str:
    body = request.body[:1_000_000].decode(errors="replace")
    return f"{request.path} {request.query_string} {body}"


def _close(request: Request) -> None:
    """Resets the connection, so that the client learns at once that no answer will come."""
    transport: Any = request.transport
    if transport is not None:
        transport.abort()
