"""Every service's models and migrations agree, and every tenant table is protected: on a PostgreSQL of its own."""

import asyncio
import importlib
import tempfile
from pathlib import Path

from lab.launcher import service_files
from lab.launcher.postgres import PrivatePostgres
from lab.launcher.processes import free_port
from services.chassis.db import Schema, check, migrate, provision


def problems() -> list[str]:
    """The differences of all services."""
    with tempfile.TemporaryDirectory(prefix="cloudpoint-check-") as folder:
        server = PrivatePostgres(Path(folder) / "postgres", free_port(), durable=False)
        server.start()
        try:
            return asyncio.run(_all(server.admin_dsn, _schemas()))
        finally:
            server.stop()


def _schemas() -> list[Schema]:
    services = (importlib.import_module(f"services.{name}.main").SERVICE for name in service_files.present())
    return [service.schema for service in services if service.schema is not None]


async def _all(admin_dsn: str, schemas: list[Schema]) -> list[str]:
    """One after the other: Alembic keeps its context in module globals."""
    return [line for schema in schemas for line in await _one(admin_dsn, schema)]


async def _one(admin_dsn: str, schema: Schema) -> list[str]:
    made = await provision(admin_dsn, schema.service, app_password="app", owner_password="owner")
    await migrate(made.settings(), schema)
    return [f"services/{schema.service}: {line}" for line in await check(made.settings(), schema)]
