"""First."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.chassis.db import protect

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "allocations",
        sa.Column("server_id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("cluster_id", sa.Text(), nullable=False),
        sa.Column("node_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("server_id", name=op.f("pk_allocations")),
    )
    op.create_index(op.f("ix_allocations_cluster_id"), "allocations", ["cluster_id"], unique=False)
    op.create_table(
        "hold_items",
        sa.Column("hold_id", sa.Text(), nullable=False),
        sa.Column("resource_class", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("cloud_id", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hold_id", "resource_class", name=op.f("pk_hold_items")),
    )
    op.create_table(
        "holds",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("cluster_id", sa.Text(), nullable=False),
        sa.Column("cloud_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
        sa.UniqueConstraint("cluster_id", name=op.f("uq_holds_cluster_id")),
    )
    op.create_table(
        "inbox_event",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("seen_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("consumer", "event_id", name=op.f("pk_inbox_event")),
    )
    op.create_index(op.f("ix_inbox_event_seen_at"), "inbox_event", ["seen_at"], unique=False)
    op.create_table(
        "nodes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("cloud_id", sa.Text(), nullable=False),
        sa.Column("cloud_node_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("resource_class", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("power", sa.Text(), nullable=True),
        sa.Column("maintenance", sa.Boolean(), nullable=False),
        sa.Column("maintenance_reason", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("instance_id", sa.Text(), nullable=True),
        sa.Column("properties", postgresql.JSONB(), nullable=False),
        sa.Column("traits", postgresql.JSONB(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nodes")),
    )
    op.create_index("nodes_by_instance", "nodes", ["instance_id"], unique=False)
    op.create_index("nodes_by_name", "nodes", ["name", "id"], unique=False)
    op.create_index("nodes_by_state", "nodes", ["state", "name", "id"], unique=False)
    op.create_index("nodes_cloud_node", "nodes", ["cloud_id", "cloud_node_id"], unique=True)
    op.create_table(
        "outbox_event",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("written_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("sent_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_outbox_event")),
    )
    op.create_index("ix_outbox_event_sent_at", "outbox_event", ["sent_at"], unique=False)
    op.create_index(
        "ix_outbox_event_unsent",
        "outbox_event",
        ["position"],
        unique=False,
        postgresql_where=sa.text("sent_at IS NULL"),
    )
    protect(op, "allocations")
    protect(op, "hold_items")
    protect(op, "holds")


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_outbox_event_unsent", table_name="outbox_event", postgresql_where=sa.text("sent_at IS NULL"))
    op.drop_index("ix_outbox_event_sent_at", table_name="outbox_event")
    op.drop_table("outbox_event")
    op.drop_index("nodes_cloud_node", table_name="nodes")
    op.drop_index("nodes_by_state", table_name="nodes")
    op.drop_index("nodes_by_name", table_name="nodes")
    op.drop_index("nodes_by_instance", table_name="nodes")
    op.drop_table("nodes")
    op.drop_index(op.f("ix_inbox_event_seen_at"), table_name="inbox_event")
    op.drop_table("inbox_event")
    op.drop_table("holds")
    op.drop_table("hold_items")
    op.drop_index(op.f("ix_allocations_cluster_id"), table_name="allocations")
    op.drop_table("allocations")
