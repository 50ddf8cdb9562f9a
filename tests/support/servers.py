"""PostgreSQL and RabbitMQ for tests: those named by the environment, else private ones for this session.

``CLOUDPOINT_TEST_DATABASE_URL`` (a superuser's) and ``CLOUDPOINT_TEST_AMQP_URL`` name servers that run already.
"""

import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from lab.launcher.postgres import PrivatePostgres
from lab.launcher.processes import free_port
from lab.launcher.rabbitmq import PrivateRabbit
from services.chassis.db import DatabaseSettings, Schema
from tests.support.databases import Databases
from tests.support.ports import free_range

_PREFIX = "cloudpoint-test-"

FreshDatabase = Callable[[Schema], Awaitable[DatabaseSettings]]


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder for this session's servers; what killed sessions left behind is stopped and removed first."""
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def private_postgres(server_folder: Path) -> Iterator[PrivatePostgres]:
    """A PostgreSQL of this session's own, which a test may kill and start again."""
    server = PrivatePostgres(server_folder / "postgres", free_port(), durable=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def private_rabbit(server_folder: Path) -> Iterator[PrivateRabbit]:
    """A RabbitMQ of this session's own, which a test may kill and start again.

    Its three ports lie outside the range from which the kernel takes those of outgoing connections.
    """
    server = PrivateRabbit(server_folder / "rabbitmq", free_range(3))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_admin_dsn(request: pytest.FixtureRequest) -> str:
    """A superuser's address of a PostgreSQL for tests."""
    given = os.environ.get("CLOUDPOINT_TEST_DATABASE_URL")
    return given or str(request.getfixturevalue("private_postgres").admin_dsn)


@pytest.fixture(scope="session")
def amqp_url(request: pytest.FixtureRequest) -> str:
    """The address of a RabbitMQ for tests."""
    return os.environ.get("CLOUDPOINT_TEST_AMQP_URL") or str(request.getfixturevalue("private_rabbit").url)


@pytest.fixture(scope="session")
def databases(postgres_admin_dsn: str) -> Iterator[Databases]:
    """Templates of migrated databases, made once a session."""
    made = Databases(postgres_admin_dsn, session=secrets.token_hex(3))
    yield made
    made.drop_templates()


@pytest.fixture
async def fresh_database(databases: Databases) -> AsyncIterator[FreshDatabase]:
    """Call it with a Schema: an empty, migrated database of that service, dropped after the test."""
    names: list[str] = []

    async def make(schema: Schema) -> DatabaseSettings:
        provisioned = await databases.copy(schema)
        names.append(provisioned.database)
        return provisioned.settings(pool_size=5)

    yield make
    await databases.drop(names)


def _sweep() -> None:
    """Stop and remove the servers of test sessions whose process is gone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if Path(f"/proc/{pid}").exists() or folder.stat().st_uid != os.geteuid():
            continue
        PrivatePostgres(folder / "postgres", 0).stop()
        PrivateRabbit(folder / "rabbitmq", 0).stop()
        shutil.rmtree(folder, ignore_errors=True)
