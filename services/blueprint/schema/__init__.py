"""Tables of the blueprint service."""

from sqlalchemy import Column, DateTime, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from services.chassis.db import Schema, new_metadata

metadata = new_metadata()

blueprint_versions = Table(
    "blueprint_versions",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("digest", Text, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("archive", LargeBinary),
    Column("published_at", DateTime(timezone=True), nullable=False),
)

element_versions = Table(
    "element_versions",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("archive", LargeBinary, nullable=False),
    Column("published_at", DateTime(timezone=True), nullable=False),
)

SCHEMA = Schema("blueprint", metadata)
