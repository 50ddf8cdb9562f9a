"""The singletons of one secrets process."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

from services.chassis.context import Process
from services.chassis.db import Database
from services.chassis.service import Background
from services.secrets.config import Settings
from services.secrets.domain.clusters import Clusters
from services.secrets.domain.rotation import Rotation
from services.secrets.domain.sealing import MasterKeys


@dataclass(frozen=True)
class Context:
    """What handlers work with."""

    db: Database
    keys: MasterKeys
    clusters: Clusters
    rotation: Rotation


@asynccontextmanager
async def open_context(process: Process) -> AsyncIterator[Context]:
    """Read the master keys and put secrets together; raises ConfigurationError."""
    keys = MasterKeys(cast(Settings, process.settings).master_keys)
    context = Context(process.database, keys, Clusters(process.database, keys), Rotation(process.database, keys))
    process.checks["master_keys"] = context.rotation.unopenable
    yield context


def background(context: Context) -> Sequence[Background]:
    """The tasks beside the listener."""
    return (context.rotation.run,)
