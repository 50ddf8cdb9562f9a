"""A running authz, the keys of all services, and sessions as identity would sign them."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.authz.main import SERVICE
from services.authz.schema import SCHEMA
from services.authz.tests.asking import Asking
from services.chassis.testing.app import running
from services.chassis.testing.authority import Authority
from services.contracts.permissions import MAY_CALL


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "keys")


@pytest.fixture
async def asking(authority: Authority, fresh_database) -> AsyncIterator[Asking]:
    """Ask a running authz in the name of any service."""
    manifest = {name: {"public_keys": (authority.key(name).public_pem,)} for name in MAY_CALL}
    settings = {"manifest": Asking.manifest(manifest), "database": await fresh_database(SCHEMA)}
    async with running(SERVICE, authority, work=True, **settings) as service:
        await _until_fresh(service.context)
        yield Asking(service, authority)


async def _until_fresh(context) -> None:
    import asyncio

    end = time.monotonic() + 10
    while not context.holdings.fresh:
        assert time.monotonic() < end, "authz does not hear of changes"
        await asyncio.sleep(0.01)
