"""Migrations of one service: to the newest schema, and whether models and migrations agree."""

import importlib.util
from functools import cached_property
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, pool, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from services.chassis.db.settings import DatabaseSettings
from services.chassis.db.tenancy import unprotected_tables


class Schema:
    """The tables of one service and the folder of their migrations.

    Revisions are numbered ``0001``, ``0002`` …, so that an older release can tell a later schema from a foreign one.
    """

    def __init__(self, service: str, metadata: MetaData, migrations: Path | None = None) -> None:
        self.service = service
        self.metadata = metadata
        self._migrations = migrations

    @cached_property
    def migrations(self) -> Path:
        """The folder with ``env.py`` and ``versions/``."""
        return self._migrations or _folder_of(self.service) / "migrations"

    @cached_property
    def head(self) -> str:
        """The newest revision that this release has; empty when there is none."""
        return ScriptDirectory(str(self.migrations)).get_current_head() or ""

    def config(self) -> Config:
        """Return what Alembic's commands take."""
        config = Config()
        config.set_main_option("script_location", str(self.migrations).replace("%", "%%"))
        return config


async def migrate(settings: DatabaseSettings, schema: Schema) -> str:
    """Bring the database to the newest schema, as its owner, in one transaction; return the revision."""
    engine = owner_engine(settings)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('cloudpoint migrate'))"))
            await connection.run_sync(_upgrade, schema)
            await _keep_revision_from_app(connection, schema.service)
    finally:
        await engine.dispose()
    return schema.head


async def check(settings: DatabaseSettings, schema: Schema) -> list[str]:
    """Return the differences between the migrated database and the models, and tenant tables left unprotected."""
    engine = owner_engine(settings)
    try:
        async with engine.connect() as connection:
            differences = await connection.run_sync(_differences, schema.metadata)
            bare = await unprotected_tables(connection, schema.metadata)
    finally:
        await engine.dispose()
    return differences + [
        f"table {name} has a project but no row-level security: protect(op, {name!r})" for name in bare
    ]


def owner_engine(settings: DatabaseSettings) -> AsyncEngine:
    """Return an engine without a pool, as the owner of the tables."""
    connect = {"timeout": settings.connect_timeout_seconds}
    return create_async_engine(settings.owner_url, poolclass=pool.NullPool, connect_args=connect)


async def _keep_revision_from_app(connection: AsyncConnection, service: str) -> None:
    """Only the owner may say at which revision the schema is."""
    for kind in ("app", "reconciler"):
        role = f"{service}_{kind}"
        if (await connection.execute(text("SELECT to_regrole(:role)"), {"role": role})).scalar_one() is not None:
            await connection.execute(text(f'REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM "{role}"'))


def _upgrade(connection: Connection, schema: Schema) -> None:
    config = schema.config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _differences(connection: Connection, metadata: MetaData) -> list[str]:
    options = {"compare_type": True, "compare_server_default": True}
    return [str(one) for one in compare_metadata(MigrationContext.configure(connection, opts=options), metadata)]


def _folder_of(service: str) -> Path:
    found = importlib.util.find_spec(f"services.{service}")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError(f"There is no service named {service}.")
    return Path(next(iter(found.submodule_search_locations)))
