"""First."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.chassis.db import protect

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_KEEP_FUNCTION = """
CREATE FUNCTION keep_audit_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'audit records are never changed or deleted'; END $$
"""
_KEEP_TRIGGER = """
CREATE TRIGGER keep_audit_record BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_record
FOR EACH STATEMENT EXECUTE FUNCTION keep_audit_record()
"""


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "audit_record",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=True),
        sa.Column("chain", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_record")),
    )
    op.create_index("ix_audit_record_kind", "audit_record", ["kind", "number"], unique=False)
    op.create_index("ix_audit_record_subject", "audit_record", ["subject", "number"], unique=False)
    op.create_table(
        "inbox_event",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("seen_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("consumer", "event_id", name=op.f("pk_inbox_event")),
    )
    op.create_index(op.f("ix_inbox_event_seen_at"), "inbox_event", ["seen_at"], unique=False)
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
    op.create_table(
        "platform_binding",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("set_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_platform_binding")),
    )
    op.create_table(
        "project_binding",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("set_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("subject", "project_id", name=op.f("pk_project_binding")),
    )
    op.create_index("ix_project_binding_project_id", "project_binding", ["project_id", "subject"], unique=False)
    op.create_table(
        "revocation",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("before", sa.Double(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_revocation")),
    )
    op.create_table(
        "suspension",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_suspension")),
    )
    protect(op, "project_binding")
    op.execute(_KEEP_FUNCTION)
    op.execute(_KEEP_TRIGGER)


def downgrade() -> None:
    """Take back."""
    op.drop_table("suspension")
    op.drop_table("revocation")
    op.drop_index("ix_project_binding_project_id", table_name="project_binding")
    op.drop_table("project_binding")
    op.drop_table("platform_binding")
    op.drop_index("ix_outbox_event_unsent", table_name="outbox_event", postgresql_where=sa.text("sent_at IS NULL"))
    op.drop_index("ix_outbox_event_sent_at", table_name="outbox_event")
    op.drop_table("outbox_event")
    op.drop_index(op.f("ix_inbox_event_seen_at"), table_name="inbox_event")
    op.drop_table("inbox_event")
    op.drop_index("ix_audit_record_subject", table_name="audit_record")
    op.drop_index("ix_audit_record_kind", table_name="audit_record")
    op.drop_table("audit_record")
    op.execute("DROP FUNCTION keep_audit_record")
