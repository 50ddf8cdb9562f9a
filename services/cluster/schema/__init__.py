"""Tables of the cluster service: what was planned, what there is, and the sagas that get from one to the other."""

from sqlalchemy import Boolean, Column, DateTime, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from services.chassis.db import Schema, new_metadata, project_column
from services.chassis.outbox import add_outbox
from services.chassis.saga import add_saga

metadata = new_metadata()

plans = Table(
    "plans",
    metadata,
    Column("id", Text, primary_key=True),
    project_column(),
    Column("hash", Text, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

clusters = Table(
    "clusters",
    metadata,
    Column("id", Text, primary_key=True),
    project_column(),
    Column("cloud_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("plan_id", Text, nullable=False),
    Column("blueprint", Text, nullable=False),
    Column("blueprint_version", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("operation_id", Text),
    Column("locked", Boolean, nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("notice_for", DateTime(timezone=True)),
    Column("outputs", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Index("clusters_name_in_use", "project_id", "name", unique=True, postgresql_where=text("state <> 'deleted'")),
    Index("clusters_newest", "created_at", "id"),
    Index("clusters_newest_of_project", "project_id", "created_at", "id"),
    Index("clusters_expiring", "expires_at", postgresql_where=text("expires_at is not null and state <> 'deleted'")),
)

hosts = Table(
    "hosts",
    metadata,
    Column("id", Text, primary_key=True),
    project_column(),
    Column("cluster_id", Text, nullable=False, index=True),
    Column("cloud_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("batch", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("address", Text),
    Column("server_id", Text),
    Column("node_name", Text),
    Column("host_keys", JSONB, nullable=False),
    Index("hosts_name", "cluster_id", "name", unique=True),
)

machine_groups = Table(
    "machine_groups",
    metadata,
    Column("cluster_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    project_column(),
    Column("cloud_id", Text, nullable=False),
    Column("backend_ref", Text),
    Column("failure_told", Boolean, nullable=False),
    Column("outputs", JSONB, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    project_column(),
    Column("cluster_id", Text, nullable=False),
    Column("operation_id", Text, nullable=False, index=True),
    Column("phase", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("cells", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

add_outbox(metadata)
add_saga(metadata)

SCHEMA = Schema("cluster", metadata)
