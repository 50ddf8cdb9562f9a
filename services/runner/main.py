"""The runner: elements on hosts, by Ansible, in a sandbox."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import cast

from services.chassis.context import Process
from services.chassis.outbox import OutboxPublisher
from services.chassis.service import Background, Service
from services.runner.config import Settings
from services.runner.factory import Factory, make_factory
from services.runner.routes import runs
from services.runner.schema import SCHEMA


@asynccontextmanager
async def open_context(process: Process) -> AsyncIterator[Factory]:
    """Open what the service has beyond its process."""
    yield make_factory(process, cast(Settings, process.settings))


def background(factory: Factory) -> Sequence[Background]:
    """Return the tasks beside the listener: the runs themselves, and their events on the bus."""
    if factory.process.bus is None:
        return [factory.carrier.run]
    return [factory.carrier.run, OutboxPublisher(factory.db, factory.process.bus.publish).run]


SERVICE = Service(
    name="runner",
    summary="Runs of elements on hosts",
    settings=Settings,
    tables=(runs.routes,),
    context=open_context,
    background=background,
    schema=SCHEMA,
)
