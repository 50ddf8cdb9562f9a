"""A page of nodes by each filter, without reading past those that it leaves out."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_FILTERS = {
    "nodes_by_cloud": "cloud_id",
    "nodes_by_class": "resource_class",
    "nodes_by_power": "power",
    "nodes_by_maintenance": "maintenance",
}


def upgrade() -> None:
    """Apply."""
    for name, column in _FILTERS.items():
        op.create_index(name, "nodes", [column, "name", "id"], unique=False)


def downgrade() -> None:
    """Take back."""
    for name in reversed(_FILTERS):
        op.drop_index(name, table_name="nodes")
