"""One service for all tests of customers' uploads: they keep apart by projects of their own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest_asyncio

from services.blueprint.config import CatalogueSettings
from services.blueprint.main import SERVICE
from services.blueprint.schema import SCHEMA as BLUEPRINT_SCHEMA
from services.blueprint.tests.shop import Shop
from services.chassis.db import DatabaseSettings, Schema
from services.chassis.testing.app import running
from services.chassis.testing.authority import Authority
from services.identity.main import SERVICE as IDENTITY
from services.identity.schema import SCHEMA as IDENTITY_SCHEMA
from tests.support.databases import Databases
from tests.support.siblings import running_authz

_ROOT = Path(__file__).parents[3]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def open_shop(tmp_path_factory, databases: Databases) -> AsyncIterator[Shop]:
    names: list[str] = []

    async def fresh(schema: Schema) -> DatabaseSettings:
        made = await databases.copy(schema)
        names.append(made.database)
        return made.settings(pool_size=5)

    authority = Authority(tmp_path_factory.mktemp("shop") / "keys")
    catalogue = CatalogueSettings(str(_ROOT / "blueprints"), str(_ROOT / "elements"))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(databases.drop, names)
        authz = await stack.enter_async_context(running_authz(authority, fresh))
        services = {"authz": authz.url, "secrets": authz.url}
        settings = {"database": await fresh(IDENTITY_SCHEMA), "services": dict(services)}
        identity = await stack.enter_async_context(running(IDENTITY, authority, **settings))
        settings = {"database": await fresh(BLUEPRINT_SCHEMA), "services": {**services, "identity": identity.url}}
        service = await stack.enter_async_context(running(SERVICE, authority, catalogue=catalogue, **settings))
        settings = {**settings, "services": {**services, "identity": "http://127.0.0.1:9"}}
        alone = await stack.enter_async_context(running(SERVICE, authority, catalogue=catalogue, **settings))
        yield Shop(authority, identity, service, alone)


@pytest_asyncio.fixture(loop_scope="session")
async def shop(open_shop: Shop) -> Shop:
    """The service with new projects."""
    made = Shop(open_shop.authority, open_shop.identity, open_shop.service, open_shop.alone)
    await made.open()
    return made
