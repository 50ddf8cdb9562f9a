"""The tables of authz."""

from sqlalchemy import ARRAY, BigInteger, Column, Double, Index, PrimaryKeyConstraint, Table, Text, func

from services.chassis.db import Schema, Timestamp, new_metadata, project_column
from services.chassis.outbox import add_outbox

metadata = new_metadata()

project_binding = Table(
    "project_binding",
    metadata,
    Column("subject", Text, nullable=False),
    project_column(),
    Column("role", Text, nullable=False),
    Column("set_at", Timestamp, nullable=False, server_default=func.now()),
    PrimaryKeyConstraint("subject", "project_id"),
)
Index("ix_project_binding_project_id", project_binding.c.project_id, project_binding.c.subject)

platform_binding = Table(
    "platform_binding",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("set_at", Timestamp, nullable=False, server_default=func.now()),
)

suspension = Table(
    "suspension",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("since", Timestamp, nullable=False, server_default=func.now()),
)

revocation = Table(
    "revocation",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("before", Double, nullable=False),
    Column("reason", Text, nullable=False),
)

audit_record = Table(
    "audit_record",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Timestamp, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("project", Text),
    Column("chain", ARRAY(Text), nullable=False),
    Column("data", Text, nullable=False),
    Column("digest", Text, nullable=False),
)
Index("ix_audit_record_subject", audit_record.c.subject, audit_record.c.number)
Index("ix_audit_record_kind", audit_record.c.kind, audit_record.c.number)

add_outbox(metadata)

SCHEMA = Schema("authz", metadata)
