"""What a service is made of: ``main.py`` of a service holds one :class:`Service`."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sanic import Sanic

from services.chassis.config import ServiceSettings
from services.chassis.context import Process
from services.chassis.db import Schema
from services.chassis.routing import Route, RouteTable

S = TypeVar("S", bound=ServiceSettings)
X = TypeVar("X")

Background = Callable[[], Awaitable[None]]
"""A task that runs until it is cancelled."""


@dataclass(frozen=True)
class Listener:
    """An application of a service's own making, and the port that it listens on (of ``listen.host``)."""

    app: Sanic[Any, Any]
    port: int


@dataclass(frozen=True)
class Service(Generic[S, X]):
    """One service.

    ``context`` opens what the service has beyond the process (its factory); ``background`` are the tasks beside the
    listener of ``serve``, ``workers`` those of ``work`` (none: the service has no such process); ``schema`` its tables.
    ``listeners`` replaces the one application that ``serve`` makes of the route tables.
    """

    name: str
    summary: str
    settings: type[S]
    tables: tuple[RouteTable, ...]
    context: Callable[[Process], AbstractAsyncContextManager[X]]
    background: Callable[[X], Sequence[Background]] = lambda _context: ()
    workers: Callable[[X], Sequence[Background]] | None = None
    schema: Schema | None = None
    listeners: Callable[[X], Sequence[Listener]] | None = None

    @property
    def routes(self) -> tuple[Route, ...]:
        return tuple(route for table in self.tables for route in table.routes)
