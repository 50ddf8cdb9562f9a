"""The tables of secrets."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text, func

from services.chassis.db import Schema, Timestamp, new_metadata, project_column

metadata = new_metadata()

sealed_value = Table(
    "sealed_value",
    metadata,
    Column("owner", Text, nullable=False),
    Column("reference", Text, nullable=False),
    project_column(),
    Column("key_version", Integer, nullable=False, index=True),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    Column("stored_at", Timestamp, nullable=False, server_default=func.now()),
    PrimaryKeyConstraint("owner", "reference"),
)

cluster_authority = Table(
    "cluster_authority",
    metadata,
    Column("cluster_id", Text, primary_key=True),
    project_column(),
    Column("public_key", Text, nullable=False),
    Column("made_at", Timestamp, nullable=False, server_default=func.now()),
)

certificate = Table(
    "certificate",
    metadata,
    Column("serial", BigInteger, primary_key=True, autoincrement=False),
    project_column(),
    Column("cluster_id", Text, nullable=False),
    Column("operation_id", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("issued_at", Timestamp, nullable=False, server_default=func.now()),
    Column("expires_at", Timestamp, nullable=False),
)
Index("ix_certificate_cluster_id", certificate.c.cluster_id, certificate.c.serial)

SCHEMA = Schema("secrets", metadata)
