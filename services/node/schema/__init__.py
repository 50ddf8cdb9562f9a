"""Tables of the node service."""

from sqlalchemy import Boolean, Column, DateTime, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from services.chassis.db import Schema, new_metadata, project_column
from services.chassis.outbox import add_outbox

metadata = new_metadata()

nodes = Table(
    "nodes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("cloud_id", Text, nullable=False),
    Column("cloud_node_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("resource_class", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("power", Text),
    Column("maintenance", Boolean, nullable=False),
    Column("maintenance_reason", Text),
    Column("last_error", Text),
    Column("instance_id", Text),
    Column("properties", JSONB, nullable=False),
    Column("traits", JSONB, nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    Index("nodes_cloud_node", "cloud_id", "cloud_node_id", unique=True),
    Index("nodes_by_name", "name", "id"),
    Index("nodes_by_state", "state", "name", "id"),
    Index("nodes_by_cloud", "cloud_id", "name", "id"),
    Index("nodes_by_class", "resource_class", "name", "id"),
    Index("nodes_by_power", "power", "name", "id"),
    Index("nodes_by_maintenance", "maintenance", "name", "id"),
    Index("nodes_by_instance", "instance_id"),
)

holds = Table(
    "holds",
    metadata,
    Column("id", Text, primary_key=True),
    project_column(),
    Column("cluster_id", Text, nullable=False, unique=True),
    Column("cloud_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)

hold_items = Table(
    "hold_items",
    metadata,
    Column("hold_id", Text, primary_key=True),
    Column("resource_class", Text, primary_key=True),
    project_column(),
    Column("cloud_id", Text, nullable=False),
    Column("count", Integer, nullable=False),
)

allocations = Table(
    "allocations",
    metadata,
    Column("server_id", Text, primary_key=True),
    project_column(),
    Column("cluster_id", Text, nullable=False, index=True),
    Column("node_id", Text, nullable=False),
)

add_outbox(metadata)

SCHEMA = Schema("node", metadata)
