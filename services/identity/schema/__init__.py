"""The tables of identity. Projects and people are what others belong to; only cloud projects are a tenant's rows."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    func,
)

from services.chassis.db import Schema, Timestamp, new_metadata, project_column
from services.chassis.outbox import add_outbox

metadata = new_metadata()

organisation = Table(
    "organisation",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("created_at", Timestamp, nullable=False, server_default=func.now()),
)

project = Table(
    "project",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organisation_id", Text, ForeignKey("organisation.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", Timestamp, nullable=False, server_default=func.now()),
)
Index("uq_project_name", project.c.organisation_id, project.c.name, unique=True)

person = Table(
    "person",
    metadata,
    Column("id", Text, primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="active"),
    Column("created_at", Timestamp, nullable=False, server_default=func.now()),
)

session = Table(
    "session",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("person.id"), nullable=False, index=True),
    Column("created_at", Timestamp, nullable=False, server_default=func.now()),
    Column("expires_at", Timestamp, nullable=False, index=True),
    Column("ended_at", Timestamp),
)

ssh_key = Table(
    "ssh_key",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("person.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("created_at", Timestamp, nullable=False, server_default=func.now()),
)
Index("uq_ssh_key_fingerprint", ssh_key.c.user_id, ssh_key.c.fingerprint, unique=True)

api_token = Table(
    "api_token",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("person.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("projects", ARRAY(Text)),
    Column("role", Text),
    Column("created_at", Timestamp, nullable=False, server_default=func.now()),
    Column("expires_at", Timestamp),
    Column("last_used_at", Timestamp),
    Column("revoked_at", Timestamp),
)

cloud_project = Table(
    "cloud_project",
    metadata,
    project_column(),
    Column("cloud_id", Text, nullable=False),
    Column("cloud_project_id", Text, nullable=False),
    Column("cloud_user_id", Text, nullable=False),
    Column("secret_reference", Text, nullable=False),
    Column("made_at", Timestamp, nullable=False, server_default=func.now()),
    PrimaryKeyConstraint("project_id", "cloud_id"),
)

authz_notice = Table(
    "authz_notice",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("written_at", Timestamp, nullable=False, server_default=func.now()),
)

add_outbox(metadata)

SCHEMA = Schema("identity", metadata)
