"""The gateway's one table: requests with an ``Idempotency-Key``, and what they were answered."""

from sqlalchemy import Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text, func

from services.chassis.db import Schema, Timestamp, new_metadata

metadata = new_metadata()

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("subject", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("key_digest", LargeBinary, nullable=False),
    Column("request_digest", LargeBinary, nullable=False),
    Column("attempt", Text, nullable=False),
    Column("lease_until", Timestamp, nullable=False),
    Column("status", Integer),
    Column("sealed_answer", LargeBinary),
    Column("created_at", Timestamp, nullable=False, server_default=func.now()),
    Column("expires_at", Timestamp, nullable=False),
    PrimaryKeyConstraint("subject", "route", "key_digest"),
    Index("ix_idempotency_keys_expires_at", "expires_at"),
)

SCHEMA = Schema("gateway", metadata)
