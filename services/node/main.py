"""The node service: machines of all clouds, holds on them, their health."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import cast

from services.chassis.context import Process
from services.chassis.outbox import OutboxPublisher
from services.chassis.service import Background, Service
from services.node.config import Settings
from services.node.factory import Factory, make_factory
from services.node.routes import capacity, clouds, nodes
from services.node.schema import SCHEMA


@asynccontextmanager
async def open_context(process: Process) -> AsyncIterator[Factory]:
    """Open what the service has beyond its process."""
    factory = make_factory(process, cast(Settings, process.settings))
    try:
        yield factory
    finally:
        factory.threads.close()


def workers(factory: Factory) -> Sequence[Background]:
    """Return the tasks of a ``work`` process: one watch a cloud, and the outbox."""
    publisher = OutboxPublisher(factory.db, factory.process.events.publish)
    return [publisher.run, *(watch.run for watch in factory.watches.values())]


SERVICE = Service(
    name="node",
    summary="Machines of all clouds, holds on them, their health",
    settings=Settings,
    tables=(nodes.routes, capacity.routes, clouds.routes),
    context=open_context,
    workers=workers,
    schema=SCHEMA,
)
