"""Run a whole service inside a test: its real application on a free port of loopback, with its background tasks."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from sanic import Sanic

from services.chassis.app import create_app
from services.chassis.audit import Refusals
from services.chassis.auth.revocation_sync import RevocationSync
from services.chassis.config import Listen
from services.chassis.context import Process, process_of
from services.chassis.dispatch import Dispatcher
from services.chassis.serve import listening
from services.chassis.service import Listener, Service
from services.chassis.testing.authority import Authority

_STOP_SECONDS = 5.0


@dataclass(frozen=True)
class RunningService:
    """A service that answers at ``url``; ``context`` is its own, ``client`` speaks to it without any headers."""

    url: str
    client: httpx.AsyncClient
    context: Any
    process: Process


@contextlib.asynccontextmanager
async def running(
    service: Service[Any, Any], authority: Authority, *, work: bool = False, **settings: Any
) -> AsyncIterator[RunningService]:
    """Run ``service`` while the block runs; ``settings`` are what its configuration holds beside listen and auth.

    ``work`` runs the tasks of the service's work process as well.
    """
    port = free_port()
    made = service.settings(listen=Listen(port=port), auth=authority.settings(service.name), **settings)
    async with contextlib.AsyncExitStack() as stack:
        process = await stack.enter_async_context(process_of(service.name, made))
        context = await stack.enter_async_context(service.context(process))
        refusals = Refusals(service.name, process.bus)
        for one in _listeners(service, process, context, refusals):
            stack.callback(Sanic.unregister_app, one.app)
            await stack.enter_async_context(listening(one.app, "127.0.0.1", one.port, _STOP_SECONDS))
        tasks = [refusals.run, *service.background(context)]
        tasks += [RevocationSync(process).run] if "authz" in made.services else []
        tasks += service.workers(context) if work and service.workers else []
        await stack.enter_async_context(_tasks(tasks))
        url = f"http://127.0.0.1:{port}"
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=30))
        stack.callback(process.stopping.set)
        yield RunningService(url, client, context, process)


def _listeners(service: Service[Any, Any], process: Process, context: Any, refusals: Refusals) -> Sequence[Listener]:
    if service.listeners:
        return service.listeners(context)
    port = process.settings.listen.port
    dispatcher = Dispatcher(process, context, refusals)
    return [Listener(create_app(process, service.routes, dispatcher, f"{service.name}_{port}"), port)]


@contextlib.asynccontextmanager
async def _tasks(functions: list[Any]) -> AsyncIterator[None]:
    started = [asyncio.ensure_future(function()) for function in functions]
    try:
        yield
    finally:
        for task in started:
            task.cancel()
        await asyncio.gather(*started, return_exceptions=True)


def free_port() -> int:
    """Return a port of loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
