"""Heads of own versions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    head = sa.Column("head", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False)
    op.add_column("own_versions", head)


def downgrade() -> None:
    """Take back."""
    op.drop_column("own_versions", "head")
