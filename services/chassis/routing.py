"""The route table: what a service answers, who may ask, and with which bodies. OpenAPI is generated from it.

A handler takes one :class:`Call` and returns its answer; its annotations say the types of body, query and answer::

    @routes.get("/v1/clusters/{cluster_id}", Exposure.PUBLIC, "cluster.read", "Show a cluster")
    async def show(call: Call[Context, None, None]) -> Cluster: ...
"""

import typing
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

import msgspec
from sanic import HTTPResponse
from sanic.request import Request

from services.chassis.auth.caller import Caller

C = TypeVar("C")
B = TypeVar("B")
Q = TypeVar("Q")
T = TypeVar("T")


class Exposure(StrEnum):
    """On which listener of the gateway a route can be reached."""

    PUBLIC = "public"
    OPERATOR = "operator"
    INTERNAL = "internal"


@dataclass(frozen=True)
class Call(Generic[C, B, Q]):
    """One request as a handler sees it: the service's context, who asks, and what they sent, decoded.

    ``socket`` is the open WebSocket of a route that is one.
    """

    context: C
    caller: Caller
    body: B
    query: Q
    path: dict[str, str]
    request: Request
    socket: Any = None

    @property
    def if_match(self) -> str | None:
        """The version that the caller expects (``If-Match``), without quotes."""
        value: str | None = self.request.headers.get("If-Match")
        return value.removeprefix("W/").strip('"') if value else None


@dataclass(frozen=True)
class Reply(Generic[T]):
    """An answer that says more than its body: a status, headers, an ETag."""

    body: T
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    etag: str | None = None


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list; ``next_cursor`` is null on the last one."""

    items: list[T]
    next_cursor: str | None = None


class Paging(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Query parameters of every list; a list's own parameters derive from it."""

    limit: typing.Annotated[int, msgspec.Meta(ge=1, le=500)] = 50
    cursor: str | None = None


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A route that takes no query parameters; any is refused."""


Handler = Callable[[Call[Any, Any, Any]], Awaitable[Any]]


@dataclass(frozen=True)
class Route:
    """One row of the table.

    ``permission`` is what the caller needs on the object's project (or platform-wide); ``callers`` names the services
    that may call in their own name, and never with a person's pass or under a mandate, since no permission is asked
    there; ``open`` marks the few routes that anybody may call. A ``stream`` answers
    through ``call.request.respond()`` and has no deadline; a ``socket`` is a WebSocket. A ``body`` of type bytes comes
    as it was sent.
    """

    method: str
    path: str
    exposure: Exposure
    permission: str | None
    summary: str
    handler: Handler
    body: Any
    query: Any
    answer: Any
    status: int
    callers: tuple[str, ...] = ()
    open: bool = False
    needs_idempotency_key: bool = False
    stream: bool = False
    socket: bool = False
    body_bytes: int | None = None

    @property
    def name(self) -> str:
        return self.handler.__name__

    @property
    def reads(self) -> bool:
        """Whether a request changes nothing (a WebSocket may)."""
        return self.method == "GET" and not self.socket

    @property
    def description(self) -> str:
        return (self.handler.__doc__ or "").strip()


class RouteTable:
    """The routes of one room; a service has one table a file of ``routes/``."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.routes: list[Route] = []

    def get(self, *args: Any, **kwargs: Any) -> Callable[[Any], Any]:
        return self.route("GET", *args, **kwargs)

    def post(self, *args: Any, **kwargs: Any) -> Callable[[Any], Any]:
        return self.route("POST", *args, **kwargs)

    def put(self, *args: Any, **kwargs: Any) -> Callable[[Any], Any]:
        return self.route("PUT", *args, **kwargs)

    def patch(self, *args: Any, **kwargs: Any) -> Callable[[Any], Any]:
        return self.route("PATCH", *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Callable[[Any], Any]:
        return self.route("DELETE", *args, **kwargs)

    def route(
        self,
        method: str,
        path: str,
        exposure: Exposure,
        permission: str | None,
        summary: str,
        *,
        status: int | None = None,
        callers: tuple[str, ...] = (),
        open: bool = False,
        needs_idempotency_key: bool = False,
        stream: bool = False,
        socket: bool = False,
        body_bytes: int | None = None,
    ) -> Callable[[Any], Any]:
        """Add a handler. Exactly one of a permission, ``callers`` and ``open`` says who may ask.

        Raises ValueError if none or several do, so that a route without a policy can't exist.
        """
        if sum((permission is not None, bool(callers), open)) != 1:
            raise ValueError(f"{method} {path}: say one of a permission, callers=…, open=True")

        def add(handler: Any) -> Any:
            body, query, answer = _types_of(handler)
            self.routes.append(
                Route(
                    method=method,
                    path=path,
                    exposure=exposure,
                    permission=permission,
                    summary=summary,
                    handler=handler,
                    body=body,
                    query=query,
                    answer=answer,
                    status=status or _usual_status(method, answer),
                    callers=callers,
                    open=open,
                    needs_idempotency_key=needs_idempotency_key,
                    stream=stream,
                    socket=socket,
                    body_bytes=body_bytes,
                )
            )
            return handler

        return add


def _types_of(handler: Any) -> tuple[Any, Any, Any]:
    hints = typing.get_type_hints(handler)
    answer = hints.pop("return", None)
    if typing.get_origin(answer) is Reply:
        answer = typing.get_args(answer)[0]
    arguments = typing.get_args(next(iter(hints.values())))
    body, query = (None if argument is type(None) else argument for argument in arguments[1:3])
    if isinstance(answer, type) and issubclass(answer, HTTPResponse):
        answer = None
    return body, query or NoQuery, None if answer is type(None) else answer


def _usual_status(method: str, answer: Any) -> int:
    if answer is None:
        return 204
    return 201 if method == "POST" else 200
