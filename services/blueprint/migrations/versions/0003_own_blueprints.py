"""Own blueprints."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.chassis.db import protect

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SHARED_NAMES = "shared AND organisation_id = ANY (string_to_array(current_setting('app.organisation_ids', true), ','))"
_SHARED_VERSIONS = (
    "EXISTS (SELECT 1 FROM own_names n WHERE n.project_id = own_versions.project_id "
    f"AND n.kind = own_versions.kind AND n.name = own_versions.name AND {_SHARED_NAMES})"
)


def upgrade() -> None:
    """Apply."""
    op.add_column("blueprint_versions", sa.Column("folder", sa.LargeBinary(), nullable=True))
    op.add_column("element_versions", sa.Column("folder", sa.LargeBinary(), nullable=True))
    op.create_table(
        "own_names",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("shared", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "kind", "name", name=op.f("pk_own_names")),
    )
    op.create_index(
        "uq_own_names_shared",
        "own_names",
        ["organisation_id", "kind", "name"],
        unique=True,
        postgresql_where=sa.text("shared"),
    )
    op.create_table(
        "project_organisations",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_project_organisations")),
    )
    op.create_table(
        "own_versions",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("document", postgresql.JSONB(), nullable=False),
        sa.Column("archive", sa.LargeBinary(), nullable=False),
        sa.Column("folder", sa.LargeBinary(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "kind", "name"],
            ["own_names.project_id", "own_names.kind", "own_names.name"],
            name=op.f("fk_own_versions_project_id_kind_name"),
        ),
        sa.PrimaryKeyConstraint("project_id", "kind", "name", "version", name=op.f("pk_own_versions")),
    )
    for table in ("own_names", "own_versions", "project_organisations"):
        protect(op, table)
    for table, shared in (("own_names", _SHARED_NAMES), ("own_versions", _SHARED_VERSIONS)):
        op.execute(f"CREATE POLICY organisation_scope ON {table} FOR SELECT USING ({shared})")


def downgrade() -> None:
    """Take back."""
    op.drop_table("own_versions")
    op.drop_table("project_organisations")
    op.drop_table("own_names")
    op.drop_column("element_versions", "folder")
    op.drop_column("blueprint_versions", "folder")
