"""The knobs' own API, on a unix socket apart from those of the cloud."""

from collections.abc import Iterable
from typing import Any

import msgspec
from sanic import HTTPResponse, Request, Sanic

from lab.simcloud.api.app import answer, body_of, mount, new_app, text_argument
from lab.simcloud.config import CloudConfig, Tuning
from lab.simcloud.errors import ApiError, bad_request
from lab.simcloud.knobs.board import Board
from lab.simcloud.knobs.records import AnyKnob, Count
from lab.simcloud.knobs.requests import converted, require_right

MOST_WAIT_SECONDS = 600.0


def plain_error(error: ApiError) -> dict[str, str]:
    """An error as a small JSON object."""
    return {"error": error.message}


def knobs_app(config: CloudConfig, board: Board) -> Sanic[Any, Any]:
    """The app of the knobs."""
    app = new_app(config.name, "knobs", plain_error)
    app.config.RESPONSE_TIMEOUT = MOST_WAIT_SECONDS + 10
    mount(app, KnobRoutes(board, config.tuning).table())
    return app


class KnobRoutes:
    """The nouns `knob` and `tuning`."""

    def __init__(self, board: Board, tuning: Tuning) -> None:
        self._board = board
        self._tuning = tuning

    def table(self) -> list[Any]:
        """Method, path, handler."""
        return [
            ("GET", "/v1/knobs", self.index),
            ("POST", "/v1/knobs", self.create),
            ("DELETE", "/v1/knobs", self.clear),
            ("GET", "/v1/knobs/<knob_id>", self.show),
            ("DELETE", "/v1/knobs/<knob_id>", self.remove),
            ("GET", "/v1/tuning", self.tuning),
            ("PATCH", "/v1/tuning", self.tune),
        ]

    async def index(self, request: Request) -> HTTPResponse:
        """GET /v1/knobs"""
        return answer({"knobs": [_view(*one) for one in self._board.all()]})

    async def create(self, request: Request) -> HTTPResponse:
        """POST /v1/knobs: one knob, or `{"knobs": […]}`, all or none."""
        body = body_of(request)
        several = "knobs" in body
        knobs = [_knob(one) for one in (body["knobs"] if several else [body])]
        require_right([f"{place}{mistake}" for place, knob in _places(knobs, several) for mistake in knob.mistakes()])
        shown = [_view(*self._board.get(knob.id)) for knob in self._board.put(knobs)]
        return answer({"knobs": shown} if several else shown[0], 201)

    async def clear(self, request: Request) -> HTTPResponse:
        """DELETE /v1/knobs: removes all; the answer has their last counts."""
        return answer({"knobs": [_view(*self._board.remove(knob.id)) for knob, _ in self._board.all()]})

    async def show(self, request: Request, knob_id: str) -> HTTPResponse:
        """GET /v1/knobs/{id}; with ?fired=N&seconds=S as soon as it has fired so often, or after that time."""
        wanted = _number(request, "fired", 0)
        seconds = min(_number(request, "seconds", MOST_WAIT_SECONDS), MOST_WAIT_SECONDS)
        return answer(_view(*await self._board.fired(knob_id, int(wanted), seconds)))

    async def remove(self, request: Request, knob_id: str) -> HTTPResponse:
        """DELETE /v1/knobs/{id}: removes it; the answer has its last counts."""
        return answer(_view(*self._board.remove(knob_id)))

    async def tuning(self, request: Request) -> HTTPResponse:
        """GET /v1/tuning"""
        return answer(self._tuning)

    async def tune(self, request: Request) -> HTTPResponse:
        """PATCH /v1/tuning: what is left out stays."""
        changed = converted(msgspec.to_builtins(self._tuning) | body_of(request), Tuning)
        require_right(list(changed.mistakes()))
        for name in changed.__struct_fields__:
            setattr(self._tuning, name, getattr(changed, name))
        return answer(self._tuning)


def _knob(raw: Any) -> AnyKnob:
    knob: AnyKnob = converted(raw, AnyKnob)
    return knob


def _places(knobs: list[AnyKnob], several: bool) -> Iterable[tuple[str, AnyKnob]]:
    return [(f"knobs[{index}]." if several else "", knob) for index, knob in enumerate(knobs)]


def _number(request: Request, name: str, default: float) -> float:
    text = text_argument(request, name)
    try:
        return default if text is None else float(text)
    except ValueError as error:
        raise bad_request(f"{name}: a number, not {text}") from error


def _view(knob: AnyKnob, count: Count) -> dict[str, Any]:
    view: dict[str, Any] = msgspec.to_builtins(knob) | msgspec.to_builtins(count)
    return view
