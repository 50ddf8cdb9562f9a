"""Make a service's database and its three roles. Safe to run again; used by the launcher, tests and Helm."""

from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
import msgspec

from services.chassis.db.settings import DatabaseSettings, without_driver


class Provisioned(msgspec.Struct, frozen=True):
    """How to reach what was made."""

    database: str
    app_url: str
    owner_url: str
    reconciler_role: str

    def settings(self, pool_size: int = 10) -> DatabaseSettings:
        """Return settings for serve, work and migrate."""
        return DatabaseSettings(
            url=self.app_url,
            migrate_url=self.owner_url,
            reconciler_role=self.reconciler_role,
            pool_size=pool_size,
        )


async def provision(
    admin_dsn: str,
    service: str,
    *,
    app_password: str,
    owner_password: str,
    database: str | None = None,
) -> Provisioned:
    """Make database ``cloudpoint_<service>`` and the roles ``<service>_owner``, ``_app`` and ``_reconciler``.

    The owner makes tables; the app owns nothing, and may become the reconciler, which has BYPASSRLS and no log-in.
    ``admin_dsn`` is a superuser's address. ``database`` is another name for it.
    """
    name = database or f"cloudpoint_{service}"
    passwords = {f"{service}_owner": owner_password, f"{service}_app": app_password}
    connection = await asyncpg.connect(without_driver(admin_dsn))
    try:
        await _make_roles(connection, service, passwords)
        await _make_database(connection, name, owner=f"{service}_owner")
    finally:
        await connection.close()
    await _grant_inside(_address(admin_dsn, database=name), service)
    return Provisioned(
        database=name,
        app_url=_address(admin_dsn, f"{service}_app", app_password, name),
        owner_url=_address(admin_dsn, f"{service}_owner", owner_password, name),
        reconciler_role=f"{service}_reconciler",
    )


async def _make_roles(
    connection: "asyncpg.Connection[asyncpg.Record]", service: str, passwords: dict[str, str]
) -> None:
    """NOINHERIT makes membership a right to SET ROLE and nothing else, on PostgreSQL 15 and later alike."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('cloudpoint provision'))")
        for role, password in passwords.items():
            options = f"LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD {_literal(password)}"
            await _make_role(connection, role, options)
        await _make_role(connection, f"{service}_reconciler", "NOLOGIN BYPASSRLS NOSUPERUSER")
        await connection.execute(f'GRANT "{service}_reconciler" TO "{service}_app"')


async def _make_role(connection: "asyncpg.Connection[asyncpg.Record]", role: str, options: str) -> None:
    exists = await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role)
    await connection.execute(f'{"ALTER" if exists else "CREATE"} ROLE "{role}" {options}')


async def _make_database(connection: "asyncpg.Connection[asyncpg.Record]", name: str, *, owner: str) -> None:
    if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
        return
    try:
        await connection.execute(f'CREATE DATABASE "{name}" OWNER "{owner}"')
    except asyncpg.DuplicateDatabaseError:
        return


async def _grant_inside(admin_dsn: str, service: str) -> None:
    """Let the app and the reconciler use the tables that the owner will make; let nobody else connect."""
    owner, app, reconciler = (f'"{service}_{kind}"' for kind in ("owner", "app", "reconciler"))
    connection = await asyncpg.connect(without_driver(admin_dsn))
    try:
        name = await connection.fetchval("SELECT current_database()")
        for statement in (
            f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC',
            f'GRANT CONNECT ON DATABASE "{name}" TO {app}',
            "REVOKE ALL ON SCHEMA public FROM PUBLIC",
            f"GRANT ALL ON SCHEMA public TO {owner}",
            f"GRANT USAGE ON SCHEMA public TO {app}, {reconciler}",
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public "
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}, {reconciler}",
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public "
            f"GRANT USAGE, SELECT ON SEQUENCES TO {app}, {reconciler}",
        ):
            await connection.execute(statement)
    finally:
        await connection.close()


def _address(dsn: str, user: str | None = None, password: str | None = None, database: str | None = None) -> str:
    parts = urlsplit(without_driver(dsn))
    host = parts.netloc.rpartition("@")[2]
    login = f"{quote(user)}:{quote(password or '', safe='')}" if user else parts.netloc.rpartition("@")[0]
    return urlunsplit((parts.scheme, f"{login}@{host}", f"/{database}" if database else parts.path, parts.query, ""))


def _literal(value: str) -> str:
    """Quote for SQL; role options take no bound parameters."""
    return "'" + value.replace("'", "''") + "'"
