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
        "certificate",
        sa.Column("serial", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("cluster_id", sa.Text(), nullable=False),
        sa.Column("operation_id", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("issued_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_certificate")),
    )
    op.create_index("ix_certificate_cluster_id", "certificate", ["cluster_id", "serial"], unique=False)
    op.create_table(
        "cluster_authority",
        sa.Column("cluster_id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("made_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("cluster_id", name=op.f("pk_cluster_authority")),
    )
    op.create_table(
        "sealed_value",
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("stored_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("owner", "reference", name=op.f("pk_sealed_value")),
    )
    op.create_index(op.f("ix_sealed_value_key_version"), "sealed_value", ["key_version"], unique=False)
    op.execute("CREATE SEQUENCE certificate_serial")
    protect(op, "certificate")
    protect(op, "cluster_authority")
    protect(op, "sealed_value")


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_sealed_value_key_version"), table_name="sealed_value")
    op.drop_table("sealed_value")
    op.drop_table("cluster_authority")
    op.drop_index("ix_certificate_cluster_id", table_name="certificate")
    op.drop_table("certificate")
    op.execute("DROP SEQUENCE certificate_serial")
