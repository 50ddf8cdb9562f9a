"""The relay: streams to hosts, and nothing else."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import cast

from services.chassis.context import Process
from services.chassis.service import Background, Service
from services.relay.config import Settings
from services.relay.factory import Factory, make_factory
from services.relay.routes import connections, probes, streams


@asynccontextmanager
async def open_context(process: Process) -> AsyncIterator[Factory]:
    """Prepare the folder of sockets; at the end close every session."""
    factory = make_factory(cast(Settings, process.settings))
    factory.sessions.prepare()
    try:
        yield factory
    finally:
        await factory.sessions.close_all()


def background(factory: Factory) -> Sequence[Background]:
    """Return the tasks beside the listener."""
    return [factory.expire]


SERVICE = Service(
    name="relay",
    summary="Streams to hosts",
    settings=Settings,
    tables=(streams.routes, probes.routes, connections.routes),
    context=open_context,
    background=background,
)
