"""The newest clusters of a project, without reading past those of others."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index("clusters_newest_of_project", "clusters", ["project_id", "created_at", "id"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index("clusters_newest_of_project", table_name="clusters")
