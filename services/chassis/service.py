"""What a service is made of, and the one way to run it.

``main.py`` of a service holds one :class:`Service`; ``__main__.py`` hands it to :func:`service_main`.
"""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
import uvloop
from sanic import Sanic

from services.chassis.config import ConfigurationError, ServiceSettings, load
from services.chassis.context import Process
from services.chassis.db import Schema, migrate
from services.chassis.openapi import document_of
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


def service_main(service: Service[Any, Any], argv: Sequence[str] | None = None) -> int:
    """Run one of the commands of a service: serve, work, migrate, openapi, check-config. Returns the exit code."""
    arguments = _parser(service).parse_args(argv)
    if arguments.command == "openapi":
        text = msgspec.json.format(
            msgspec.json.encode(document_of(service.name, service.summary, service.tables)), indent=2
        )
        sys.stdout.write(text.decode() + "\n")
        return 0
    try:
        settings = load(Path(arguments.config), service.settings)
        return _run(service, arguments.command, settings)
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _run(service: Service[Any, Any], command: str, settings: Any) -> int:
    if command == "check-config":
        sys.stdout.write("The configuration is valid.\n")
        return 0
    if command == "migrate":
        return _migrate(service, settings)
    from services.chassis.serve import run_process

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run_process(service, settings, work=command == "work"))


def _migrate(service: Service[Any, Any], settings: ServiceSettings) -> int:
    if service.schema is None or settings.database is None:
        sys.stdout.write(f"{service.name} has no tables.\n")
        return 0
    asyncio.run(migrate(settings.database, service.schema))
    return 0


def _parser(service: Service[Any, Any]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m services.{service.name}", description=service.summary)
    commands = parser.add_subparsers(dest="command", required=True)
    explained = {
        "serve": "answer requests",
        "work": "do what outlives a request",
        "migrate": "bring the database to this version's schema",
        "check-config": "say whether the configuration is valid",
    }
    for command, sentence in explained.items():
        if command != "work" or service.workers:
            commands.add_parser(command, help=sentence).add_argument("--config", required=True, help="a YAML file")
    commands.add_parser("openapi", help="print the OpenAPI document of this service")
    return parser
