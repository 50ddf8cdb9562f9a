"""A running secrets service with one master key."""

import base64
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.chassis.config import Secret
from services.chassis.testing.app import RunningService, running
from services.chassis.testing.authority import Authority
from services.secrets.config import MasterKey
from services.secrets.main import SERVICE
from services.secrets.schema import SCHEMA


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "keys")


@pytest.fixture
def master_key(tmp_path: Path):
    """Make the master key of a version, in a file."""

    def make(version: int) -> MasterKey:
        path = tmp_path / f"master-{version}"
        if not path.exists():
            path.write_text(base64.b64encode(os.urandom(32)).decode() + "\n")
        return MasterKey(version, Secret(file=str(path)))

    return make


@pytest.fixture
async def database(fresh_database):
    return await fresh_database(SCHEMA)


@pytest.fixture
async def secrets(authority: Authority, database, master_key) -> AsyncIterator[RunningService]:
    async with running(SERVICE, authority, database=database, master_keys=(master_key(1),)) as service:
        yield service
