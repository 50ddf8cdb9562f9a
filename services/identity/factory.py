"""The singletons of one identity process, and how they are put together."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

from services.chassis.cloud import CloudThreads
from services.chassis.context import Process
from services.chassis.db import Database
from services.chassis.outbox import OutboxPublisher
from services.chassis.service import Background
from services.identity.adapters.authz import Authz
from services.identity.adapters.keystone import CloudDirectory
from services.identity.adapters.secrets import SecretStore
from services.identity.config import CloudSettings, Settings
from services.identity.domain.bootstrap import FirstAdministrator
from services.identity.domain.cloud_credentials import CloudCredentials
from services.identity.domain.members import Members
from services.identity.domain.notices import Notices
from services.identity.domain.passwords import Passwords
from services.identity.domain.people import People
from services.identity.domain.sessions import Sessions
from services.identity.domain.tokens import Tokens


@dataclass(frozen=True)
class Context:
    """What handlers work with."""

    process: Process
    clouds: Mapping[str, CloudSettings]
    db: Database
    sessions: Sessions
    tokens: Tokens
    people: People
    members: Members
    notices: Notices
    cloud_credentials: CloudCredentials
    first_administrator: FirstAdministrator


@asynccontextmanager
async def open_context(process: Process) -> AsyncIterator[Context]:
    """Put identity together; threads for passwords and for clouds end with it."""
    settings = cast(Settings, process.settings)
    db, authz = process.database, Authz(process.client("authz"))
    passwords, threads = Passwords(settings.password_threads), CloudThreads()
    notices = Notices(db, authz)
    sessions = Sessions(db, process.key, passwords, notices, settings.session_hours, process.authz)
    clouds = {cloud_id: CloudDirectory(cloud_id, one, threads) for cloud_id, one in settings.clouds.items()}
    try:
        yield Context(
            process,
            settings.clouds,
            db,
            sessions,
            Tokens(db, sessions, notices),
            People(db, passwords, authz, notices),
            Members(db, authz),
            notices,
            CloudCredentials(db, clouds, SecretStore(process.client("secrets"))),
            FirstAdministrator(db, passwords, authz, settings.bootstrap),
        )
    finally:
        passwords.close()
        threads.close()


def background(context: Context) -> Sequence[Background]:
    """The tasks beside the listener."""
    tasks: list[Background] = [context.first_administrator.run, context.notices.run]
    if context.process.bus is not None:
        tasks.append(OutboxPublisher(context.db, context.process.bus.publish).run)
    return tasks
