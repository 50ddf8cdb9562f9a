"""A running identity with authz and secrets, on their own databases."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.chassis.testing.app import running
from services.chassis.testing.authority import Authority
from services.identity.main import SERVICE
from services.identity.schema import SCHEMA
from services.identity.tests.platform import Platform
from tests.support.siblings import running_authz, running_secrets


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "keys")


@pytest.fixture
def identity_settings() -> dict:
    """What a test adds to identity's configuration."""
    return {}


@pytest.fixture
async def platform(authority: Authority, fresh_database, tmp_path, identity_settings) -> AsyncIterator[Platform]:
    async with (
        running_authz(authority, fresh_database) as authz,
        running_secrets(authority, fresh_database, tmp_path, authz.url) as secrets,
    ):
        services = {"authz": authz.url, "secrets": secrets.url}
        database = await fresh_database(SCHEMA)
        async with running(SERVICE, authority, database=database, services=services, **identity_settings) as identity:
            yield Platform(identity, authz, secrets, authority)
