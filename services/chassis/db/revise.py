"""Write the next migration of a service from the difference between its models and its migrated database."""

import re
from pathlib import Path

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.operations.ops import CreateTableOp, MigrationScript
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from services.chassis.db.migrate import Schema, owner_engine
from services.chassis.db.settings import DatabaseSettings
from services.chassis.db.tables import PROJECT_COLUMN

_FILE = '''"""{title}."""

import sqlalchemy as sa
from alembic import op
{imports}
revision = "{revision}"
down_revision = {down_revision}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
{upgrade}


def downgrade() -> None:
    """Take back."""
{downgrade}
'''


async def revise(settings: DatabaseSettings, schema: Schema, title: str) -> Path | None:
    """Write ``versions/<next number>_<title>.py`` and return its path; None when there is nothing to change.

    The database of ``settings`` must be at the newest revision. New tables with a project are protected.
    """
    engine = owner_engine(settings)
    try:
        async with engine.connect() as connection:
            script = await connection.run_sync(_compare, schema)
    finally:
        await engine.dispose()
    if script.upgrade_ops is None or script.upgrade_ops.is_empty():
        return None
    number = f"{int(schema.head or 0) + 1:04d}"
    path = schema.migrations / "versions" / f"{number}_{re.sub(r'[^a-z0-9]+', '_', title.lower()).strip('_')}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_text(script, number, schema.head, title))
    return path


def _compare(connection: Connection, schema: Schema) -> MigrationScript:
    options = {"compare_type": True, "compare_server_default": True, "target_metadata": schema.metadata}
    return produce_migrations(MigrationContext.configure(connection, opts=options), schema.metadata)


def _text(script: MigrationScript, number: str, previous: str, title: str) -> str:
    assert script.upgrade_ops is not None and script.downgrade_ops is not None
    context = MigrationContext.configure(dialect_name="postgresql")
    upgrade = _clean(render_python_code(script.upgrade_ops, migration_context=context))
    downgrade = _clean(render_python_code(script.downgrade_ops, migration_context=context))
    tenants = [one.table_name for one in script.upgrade_ops.ops if isinstance(one, CreateTableOp) and _has_project(one)]
    lines = ["from sqlalchemy.dialects import postgresql"] if "postgresql." in upgrade + downgrade else []
    lines += ["\nfrom services.chassis.db import protect"] if tenants else []
    protects = "".join(f'\n    protect(op, "{name}")' for name in tenants)
    return _FILE.format(
        title=title.strip(". ").capitalize(),
        imports="".join(f"{line}\n" for line in lines),
        revision=number,
        down_revision=f'"{previous}"' if previous else "None",
        upgrade="    " + upgrade.strip() + protects,
        downgrade="    " + downgrade.strip(),
    )


def _clean(code: str) -> str:
    """Leave out Alembic's comments, and a default of JSONB that it writes with a name it does not import."""
    lines = [line for line in code.splitlines() if not line.lstrip().startswith("# ###")]
    return re.sub(r"(, )?astext_type=Text\(\)", "", "\n".join(lines))


def _has_project(operation: CreateTableOp) -> bool:
    return any(getattr(column, "name", None) == PROJECT_COLUMN for column in operation.columns)
