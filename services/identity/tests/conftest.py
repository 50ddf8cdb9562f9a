"""A running identity with authz and secrets, on their own databases."""

import asyncio
import base64
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from services.authz.config import KnownService
from services.authz.main import SERVICE as AUTHZ
from services.authz.schema import SCHEMA as AUTHZ_SCHEMA
from services.chassis.config import Secret
from services.chassis.testing.app import running
from services.chassis.testing.authority import Authority
from services.contracts.permissions import MAY_CALL
from services.identity.main import SERVICE
from services.identity.schema import SCHEMA
from services.identity.tests.platform import Platform
from services.secrets.config import MasterKey
from services.secrets.main import SERVICE as SECRETS
from services.secrets.schema import SCHEMA as SECRETS_SCHEMA


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "keys")


@pytest.fixture
def identity_settings() -> dict:
    """What a test adds to identity's configuration."""
    return {}


@pytest.fixture
async def platform(authority: Authority, fresh_database, tmp_path, identity_settings) -> AsyncIterator[Platform]:
    (tmp_path / "master").write_text(base64.b64encode(os.urandom(32)).decode())
    manifest = {name: KnownService((authority.key(name).public_pem,)) for name in MAY_CALL}
    async with AsyncExitStack() as stack:

        async def start(service, schema, **settings):
            database = await fresh_database(schema)
            return await stack.enter_async_context(running(service, authority, database=database, **settings))

        authz = await start(AUTHZ, AUTHZ_SCHEMA, manifest=manifest)
        services = {"authz": authz.url}
        master_keys = (MasterKey(1, Secret(file=str(tmp_path / "master"))),)
        secrets = await start(SECRETS, SECRETS_SCHEMA, master_keys=master_keys, services=services)
        services["secrets"] = secrets.url
        identity = await start(SERVICE, SCHEMA, services=services, **identity_settings)
        await _until(lambda: authz.context.holdings.fresh)
        yield Platform(identity, authz, secrets, authority)


async def _until(true) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)
