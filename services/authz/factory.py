"""The singletons of one authz process, and how they are put together."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

from services.authz.config import Settings
from services.authz.domain.administration import Administration
from services.authz.domain.audit_chain import Entry
from services.authz.domain.directory import Directory, public_keys
from services.authz.domain.exchange import Exchange
from services.authz.domain.incoming import Incoming
from services.authz.domain.mandates import Mandates
from services.authz.domain.refusals import RefusalRecorder
from services.authz.domain.sessions import Sessions
from services.authz.storage import audit, revocations
from services.authz.storage.holdings_cache import HoldingsCache
from services.authz.storage.listener import ChangeListener
from services.chassis.config import ConfigurationError
from services.chassis.context import Process
from services.chassis.db import Database
from services.chassis.outbox import OutboxPublisher
from services.chassis.service import Background

_PURGE_SECONDS = 3600.0


@dataclass(frozen=True)
class Context:
    """What handlers work with."""

    process: Process
    db: Database
    exchange: Exchange
    mandates: Mandates
    administration: Administration
    holdings: HoldingsCache
    listener: ChangeListener


@asynccontextmanager
async def open_context(process: Process) -> AsyncIterator[Context]:
    """Put authz together, and have bare proofs of known services believed."""
    settings = cast(Settings, process.settings)
    db = process.database
    holdings = HoldingsCache(db)
    incoming = _incoming(process, settings)
    try:
        directory = Directory({name: one.public_keys for name, one in settings.manifest.items()})
    except ValueError as error:
        raise ConfigurationError(f"manifest: {error}") from error
    process.key_owner = directory.owner

    async def record(entry: Entry) -> None:
        async with db.unscoped() as tx:
            await audit.append(tx, entry)

    yield Context(
        process,
        db,
        Exchange(process.key, incoming, holdings.of),
        Mandates(process.key, directory, incoming, holdings.of, record),
        Administration(db, holdings, process.revocations),
        holdings,
        ChangeListener(db, holdings, process.revocations),
    )


def background(context: Context) -> Sequence[Background]:
    """The tasks beside the listener of ``serve``."""
    return (context.listener.run,)


def workers(context: Context) -> Sequence[Background]:
    """The tasks of ``work``: refusals into the record, events out, old revocations away."""
    tasks: list[Background] = [_purge(context.db)]
    if context.process.bus is not None:
        tasks.append(OutboxPublisher(context.db, context.process.bus.publish).run)
        tasks.append(RefusalRecorder(context.db, context.process.bus).run)
    return tasks


def _incoming(process: Process, settings: Settings) -> Incoming:
    identity = settings.manifest.get("identity")
    session_keys = settings.identity_keys or (identity.public_keys if identity else ())
    try:
        sessions = Sessions(public_keys(session_keys), process.revocations)
        return Incoming(public_keys(settings.auth.issuer_keys), sessions, process.revocations)
    except ValueError as error:
        raise ConfigurationError(f"identity_keys: {error}") from error


def _purge(db: Database) -> Background:
    async def purge_revocations() -> None:
        while True:
            async with db.unscoped() as tx:
                await revocations.purge(tx)
            await asyncio.sleep(_PURGE_SECONDS)

    return purge_revocations
