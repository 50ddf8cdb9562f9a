"""Events by project and number, and the counter of each project."""

from sqlalchemy import BigInteger, Column, Index, PrimaryKeyConstraint, Table, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB

from services.chassis.db import Schema, Timestamp, new_metadata, project_column

metadata = new_metadata()

counters = Table(
    "counters",
    metadata,
    project_column(),
    Column("last_number", BigInteger, nullable=False),
    PrimaryKeyConstraint("project_id"),
)

events = Table(
    "events",
    metadata,
    project_column(),
    Column("number", BigInteger, nullable=False),
    Column("id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("at", Timestamp, nullable=False),
    Column("data", JSONB, nullable=False),
    Column("recorded_at", Timestamp, nullable=False),
    PrimaryKeyConstraint("project_id", "number"),
    UniqueConstraint("project_id", "id"),
    Index("ix_events_subject", "project_id", "subject", "number"),
    Index("ix_events_type", "project_id", "type", "number"),
    Index("ix_events_recorded_at", "recorded_at"),
)

SCHEMA = Schema("events", metadata)
