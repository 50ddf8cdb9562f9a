"""Tables of the blueprint service.

The catalogue's tables belong to no project. ``own_names`` and ``own_versions`` are the projects'; what is shared is
also seen, never changed, in the scope of its organisation. ``head`` is what lists need of a version, without all of it.
"""

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.chassis.db import Schema, new_metadata, project_column

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
    Column("folder", LargeBinary),
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
    Column("folder", LargeBinary),
    Column("published_at", DateTime(timezone=True), nullable=False),
)

own_names = Table(
    "own_names",
    metadata,
    project_column(),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("organisation_id", Text, nullable=False),
    Column("shared", Boolean, nullable=False, server_default=text("false")),
    PrimaryKeyConstraint("project_id", "kind", "name"),
)

own_versions = Table(
    "own_versions",
    metadata,
    project_column(),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("archive", LargeBinary, nullable=False),
    Column("folder", LargeBinary, nullable=False),
    Column("published_at", DateTime(timezone=True), nullable=False),
    Column("published_by", Text, nullable=False),
    Column("head", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    PrimaryKeyConstraint("project_id", "kind", "name", "version"),
    ForeignKeyConstraint(["project_id", "kind", "name"], ["own_names.project_id", "own_names.kind", "own_names.name"]),
)

project_organisations = Table(
    "project_organisations",
    metadata,
    project_column(),
    Column("organisation_id", Text, nullable=False),
    PrimaryKeyConstraint("project_id"),
)
"""What identity has said before: a project never changes its organisation."""

ONE_SHARED_NAME = "uq_own_names_shared"
Index(
    ONE_SHARED_NAME,
    own_names.c.organisation_id,
    own_names.c.kind,
    own_names.c.name,
    unique=True,
    postgresql_where=own_names.c.shared,
)

SCHEMA = Schema("blueprint", metadata)
