"""Assembles what the routes and workers of the node service need."""

from dataclasses import dataclass

from services.chassis.cloud import CloudThreads
from services.chassis.context import Process
from services.chassis.db import Database
from services.node.adapters.ironic import Ironic
from services.node.config import Settings
from services.node.domain.stranded import Stranded
from services.node.domain.watch import Watch


@dataclass(frozen=True)
class Factory:
    """The node service's singletons; one ``watch`` a cloud."""

    process: Process
    settings: Settings
    db: Database
    threads: CloudThreads
    ironic: Ironic
    watches: dict[str, Watch]


def make_factory(process: Process, settings: Settings) -> Factory:
    """Return the factory; raises ConfigurationError for secrets that can't be read."""
    threads = CloudThreads()
    ironic = Ironic(threads, settings.clouds)
    db = process.database
    watches = {
        cloud_id: Watch(db, ironic, cloud_id, settings.look_seconds, Stranded(settings.stranded_seconds))
        for cloud_id in settings.clouds
    }
    return Factory(process, settings, db, threads, ironic, watches)
