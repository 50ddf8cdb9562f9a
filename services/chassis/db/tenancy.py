"""Row-level security: a transaction sees the rows of the projects in its scope, and of no others."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.db.tables import PROJECT_COLUMN

SCOPE_SETTING = "app.project_ids"
POLICY = "project_scope"


class Executes(Protocol):
    """What migrations have at hand: Alembic's ``op``."""

    def execute(self, sqltext: str) -> object:
        """Run one statement."""


def protect(op: Executes, table: str) -> None:
    """Make ``table`` a tenant's table: its owner, too, sees only rows of the projects in scope.

    An unset or empty scope has no project, so a transaction that forgot its scope sees and writes nothing.
    """
    for statement in protection(table):
        op.execute(statement)


def protection(table: str) -> Sequence[str]:
    """Return the statements of :func:`protect`."""
    allowed = f"{PROJECT_COLUMN} = ANY (string_to_array(current_setting('{SCOPE_SETTING}', true), ','))"
    return (
        f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
        f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
        f'CREATE POLICY {POLICY} ON "{table}" USING ({allowed}) WITH CHECK ({allowed})',
    )


def tenant_tables(metadata: MetaData) -> list[str]:
    """Return the names of the tables that have a project."""
    return sorted(table.name for table in metadata.tables.values() if PROJECT_COLUMN in table.c)


async def unprotected_tables(connection: AsyncConnection, metadata: MetaData) -> list[str]:
    """Return the tenant tables whose row-level security is not enabled, not forced, or has no policy."""
    query = text(
        "SELECT c.relname FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid AND p.polname = :policy "
        "WHERE c.relrowsecurity AND c.relforcerowsecurity AND c.relnamespace = 'public'::regnamespace"
    )
    protected = set((await connection.execute(query, {"policy": POLICY})).scalars())
    return [name for name in tenant_tables(metadata) if name not in protected]
