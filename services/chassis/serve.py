"""One process of a service from its start to its graceful end."""

import asyncio
import contextlib
import gc
import signal
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

from sanic import Sanic

from services.chassis.app import create_app
from services.chassis.audit import Refusals
from services.chassis.auth.revocation_sync import RevocationSync
from services.chassis.config import ServiceSettings
from services.chassis.context import Process, process_of
from services.chassis.db import end_stalled_sessions
from services.chassis.dispatch import Dispatcher
from services.chassis.log import configure_logs, get_logger
from services.chassis.routing import Route
from services.chassis.service import Background, Listener, Service

log = get_logger("chassis.serve")
_PAUSE_SECONDS = 1.0
_FLUSH_SECONDS = 1.0
_LOOK_SECONDS = 0.02


async def run_process(service: Service[Any, Any], settings: ServiceSettings, *, work: bool) -> int:
    """Serve (or work) until SIGTERM or SIGINT; returns the exit code."""
    configure_logs(settings.log, service.name)
    async with process_of(service.name, settings) as process, service.context(process) as context:
        _add_checks(service, process)
        refusals = Refusals(service.name, process.bus)
        tasks = _tasks(service, process, context, refusals, work)
        listeners = _listeners(service, process, context, refusals, work)
        async with _running(tasks), _all_listening(listeners, settings):
            _stop_on_signals(process)
            _keep_what_is_there()
            ports = [listener.port for listener in listeners]
            log.info("process.ready", mode="work" if work else "serve", host=settings.listen.host, ports=ports)
            await process.stopping.wait()
            log.info("process.stopping")
        await refusals.flush(_FLUSH_SECONDS)
    return 0


def _listeners(
    service: Service[Any, Any], process: Process, context: Any, refusals: Refusals, work: bool
) -> Sequence[Listener]:
    if service.listeners and not work:
        return service.listeners(context)
    routes: Sequence[Route] = () if work else service.routes
    app = create_app(process, routes, Dispatcher(process, context, refusals))
    return [Listener(app, process.settings.listen.work_port if work else process.settings.listen.port)]


@contextlib.asynccontextmanager
async def _all_listening(listeners: Sequence[Listener], settings: ServiceSettings) -> AsyncIterator[None]:
    async with contextlib.AsyncExitStack() as stack:
        for one in listeners:
            stop_seconds = settings.limits.stop_seconds
            await stack.enter_async_context(listening(one.app, settings.listen.host, one.port, stop_seconds))
        yield


def _tasks(
    service: Service[Any, Any], process: Process, context: Any, refusals: Refusals, work: bool
) -> list[Background]:
    own = (service.workers(context) if service.workers else ()) if work else service.background(context)
    common: list[Background] = [refusals.run] if process.bus else []
    if process.db and process.settings.database:
        seconds = process.settings.database.idle_in_transaction_seconds
        common.append(partial(end_stalled_sessions, process.db, seconds))
    if "authz" in process.settings.services:
        common.append(RevocationSync(process).run)
    return [*common, *own]


def _add_checks(service: Service[Any, Any], process: Process) -> None:
    db, bus, schema = process.db, process.bus, service.schema
    if db is not None and schema is not None:

        async def database() -> str | None:
            await db.ready(schema)
            return None

        process.checks["database"] = database
    if bus is not None:

        async def broker() -> str | None:
            return bus.health()

        process.checks["bus"] = broker


def _stop_on_signals(process: Process) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, process.stopping.set)


def _keep_what_is_there() -> None:
    """Have Python's collector look no more at what the start has made: it stays, and a look stops all requests."""
    gc.collect()
    gc.freeze()


@contextlib.asynccontextmanager
async def listening(app: Sanic[Any, Any], host: str, port: int, stop_seconds: float) -> AsyncIterator[None]:
    """Have ``app`` listen while the block runs; then stop taking requests and let those in flight end."""
    server: Any = await app.create_server(host=host, port=port, return_asyncio_server=True, access_log=False)
    if server is None:
        raise OSError(f"{host}:{port} can't be listened on.")
    await server.startup()
    await server.before_start()
    await server.after_start()
    try:
        yield
    finally:
        await server.before_stop()
        server.close()
        await _drain(server.connections, stop_seconds)
        await server.after_stop()


async def _drain(connections: Any, stop_seconds: float) -> None:
    """Close each connection when its request is answered; those that are not by then are cut.

    Sanic tells of a closed connection only by taking it from the set, and keeps an answered one open for the next.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(stop_seconds):
            while connections:
                for connection in list(connections):
                    connection.close_if_idle()
                await asyncio.sleep(_LOOK_SECONDS)
    for connection in list(connections):
        connection.abort()


@contextlib.asynccontextmanager
async def _running(tasks: Sequence[Background]) -> AsyncIterator[None]:
    running = [asyncio.create_task(_kept_running(task)) for task in tasks]
    try:
        yield
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _kept_running(task: Background) -> None:
    """Run a background task for ever: what it raises is logged, and it starts again after a pause."""
    while True:
        try:
            await task()
            return
        except Exception as error:
            log.exception("background.failed", task=getattr(task, "__qualname__", repr(task)), error=repr(error))
            await asyncio.sleep(_PAUSE_SECONDS)
