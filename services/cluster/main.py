"""The cluster service: plans, clusters, operations; sagas and reconcilers."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import cast

from services.chassis.context import Process
from services.chassis.outbox import OutboxPublisher
from services.chassis.saga import SagaWorker, Watch, unwatched
from services.chassis.service import Background, Service
from services.cluster.config import Settings
from services.cluster.factory import Factory, make_factory
from services.cluster.reconcilers import reconcilers
from services.cluster.routes import clouds, clusters, connections, exports, operations, plans
from services.cluster.sagas.follow import follow, may_go_on
from services.cluster.sagas.nudges import hear_of_runs
from services.cluster.sagas.table import SAGAS
from services.cluster.schema import SCHEMA


@asynccontextmanager
async def open_context(process: Process) -> AsyncIterator[Factory]:
    """Open what the service has beyond its process."""
    factory = make_factory(process, cast(Settings, process.settings))
    try:
        yield factory
    finally:
        factory.threads.close()


def workers(factory: Factory, watch: Watch = unwatched) -> Sequence[Background]:
    """Return the tasks of a ``work`` process; ``watch`` sees each moment of each unit of its sagas."""
    worker = SagaWorker(
        factory.db,
        list(SAGAS.values()),
        factory.deps,
        factory.settings.saga,
        on_change=follow,
        before_forward=may_go_on(factory.deps.authz),
        watch=watch,
    )
    publisher = OutboxPublisher(factory.db, factory.process.events.publish, factory.settings.outbox)
    return [worker.run, publisher.run, partial(hear_of_runs, factory), *reconcilers(factory)]


SERVICE = Service(
    name="cluster",
    summary="Plans, clusters and their operations",
    settings=Settings,
    tables=(plans.routes, clusters.routes, operations.routes, connections.routes, exports.routes, clouds.routes),
    context=open_context,
    workers=workers,
    schema=SCHEMA,
)
