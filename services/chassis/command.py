"""The commands of a service: its ``__main__.py`` hands its :class:`Service` to :func:`service_main`."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from services.chassis.config import ConfigurationError, ServiceSettings, load
from services.chassis.db import migrate
from services.chassis.openapi import document_of
from services.chassis.serve import run_process
from services.chassis.service import Service


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
