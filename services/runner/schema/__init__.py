"""Tables of the runner: runs, their matrix, their events, their log."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from services.chassis.db import Schema, Timestamp, new_metadata, project_column
from services.chassis.outbox import add_outbox

metadata = new_metadata()

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    project_column(),
    Column("operation_id", Text, nullable=False),
    Column("cluster_id", Text, nullable=False),
    Column("cloud_id", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("request", JSONB, nullable=False),
    Column("mandate", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("cancel_requested", Boolean, nullable=False, server_default=text("false")),
    Column("holder", Text),
    Column("alive_at", Timestamp),
    Column("log_characters", BigInteger, nullable=False, server_default="0"),
    Column("created_at", Timestamp, nullable=False),
    Column("started_at", Timestamp),
    Column("ended_at", Timestamp),
    Index("ix_runs_open", "created_at", postgresql_where=text("state IN ('queued', 'running')")),
    Index("ix_runs_operation_id", "operation_id"),
)

cells = Table(
    "run_cells",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("position", Integer, primary_key=True),
    project_column(),
    Column("host", Text, nullable=False),
    Column("element", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("task", Text),
    Column("message", Text),
    Column("started_at", Timestamp),
    Column("ended_at", Timestamp),
    Column("log_offset", BigInteger),
)

events = Table(
    "run_events",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    project_column(),
    Column("at", Timestamp, nullable=False),
    Column("kind", Text, nullable=False),
    Column("host", Text),
    Column("element", Text),
    Column("task", Text),
    Column("state", Text, nullable=False),
    Column("message", Text),
    Column("seconds", Float),
    Column("log_offset", BigInteger),
)

log = Table(
    "run_log",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("start", BigInteger, primary_key=True),
    project_column(),
    Column("text", Text, nullable=False),
)

add_outbox(metadata)

SCHEMA = Schema("runner", metadata)
