"""Real sibling services for the tests of one service, which itself never imports another."""

import asyncio
import base64
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from services.authz.config import KnownService
from services.authz.main import SERVICE as AUTHZ
from services.authz.schema import SCHEMA as AUTHZ_SCHEMA
from services.chassis.config import Secret
from services.chassis.testing.app import RunningService, running
from services.chassis.testing.authority import Authority
from services.contracts.permissions import MAY_CALL
from services.secrets.config import MasterKey
from services.secrets.main import SERVICE as SECRETS
from services.secrets.schema import SCHEMA as SECRETS_SCHEMA
from tests.support.servers import FreshDatabase

_FRESH_SECONDS = 10.0


@asynccontextmanager
async def running_authz(authority: Authority, fresh_database: FreshDatabase) -> AsyncIterator[RunningService]:
    """Run authz with every service of the dictionary in its manifest; it hears of its own changes from the start."""
    manifest = {name: KnownService((authority.key(name).public_pem,)) for name in MAY_CALL}
    database = await fresh_database(AUTHZ_SCHEMA)
    async with running(AUTHZ, authority, database=database, manifest=manifest) as service:
        end = time.monotonic() + _FRESH_SECONDS
        while not service.context.holdings.fresh:
            assert time.monotonic() < end, "authz does not hear of changes"
            await asyncio.sleep(0.01)
        yield service


@asynccontextmanager
async def running_secrets(
    authority: Authority, fresh_database: FreshDatabase, folder: Path, authz_url: str
) -> AsyncIterator[RunningService]:
    """Run secrets with a fresh master key in ``folder``."""
    path = folder / "master-key"
    path.write_text(base64.b64encode(os.urandom(32)).decode())
    keys = (MasterKey(1, Secret(file=str(path))),)
    database = await fresh_database(SECRETS_SCHEMA)
    services = {"authz": authz_url}
    async with running(SECRETS, authority, database=database, master_keys=keys, services=services) as service:
        yield service
