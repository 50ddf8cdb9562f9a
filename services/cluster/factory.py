"""Assembles what the routes and workers of the cluster service need, from the process context."""

from dataclasses import dataclass

from services.chassis.auth.mandates import Mandates
from services.chassis.cloud import CloudThreads
from services.chassis.context import Process
from services.chassis.db import Database
from services.chassis.saga import OperationStore
from services.cluster.adapters.cloud_credentials import CloudCredentials
from services.cluster.adapters.heat import HeatMachineGroups
from services.cluster.adapters.nova import NovaServers
from services.cluster.adapters.siblings import Blueprints, Identity, Nodes, Relay, Runner, Secrets
from services.cluster.adapters.tunnel import Tunnels
from services.cluster.config import Settings
from services.cluster.domain.closer_looks import CloserLooks
from services.cluster.domain.standstill import Standstills
from services.cluster.sagas.deps import Deps
from services.cluster.sagas.follow import follow
from services.cluster.sagas.table import SAGAS
from services.cluster.storage.durations import Durations


@dataclass(frozen=True)
class Factory:
    """The cluster service's singletons."""

    process: Process
    settings: Settings
    db: Database
    operations: OperationStore
    deps: Deps
    threads: CloudThreads
    tunnels: Tunnels
    durations: Durations


def make_factory(process: Process, settings: Settings) -> Factory:
    """Return the factory; raises ConfigurationError for what the configuration lacks."""
    threads, identity = CloudThreads(), Identity(process.client("identity"))
    credentials = CloudCredentials(identity)
    deps = Deps(
        db=process.database,
        settings=settings,
        groups=HeatMachineGroups(threads, credentials.refused),
        servers=NovaServers(threads),
        standstills=Standstills(settings.standstill_seconds),
        closer_looks=CloserLooks(settings.closer_look_seconds),
        authz=Mandates(process),
        blueprints=Blueprints(process.client("blueprint")),
        nodes=Nodes(process.client("node")),
        identity=identity,
        credentials=credentials,
        secrets=Secrets(process.client("secrets")),
        runner=Runner(process.client("runner")),
        relay=Relay(process.client("relay")),
    )
    operations = OperationStore(list(SAGAS.values()), follow)
    return Factory(
        process, settings, process.database, operations, deps, threads, Tunnels(process), Durations(process.database)
    )
