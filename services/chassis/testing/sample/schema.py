"""Tables of the sample."""

from pathlib import Path

from sqlalchemy import Column, Integer, Table, Text, func

from services.chassis.db import Schema, Timestamp, new_metadata, project_column
from services.chassis.outbox import add_outbox
from services.chassis.saga import add_saga

metadata = new_metadata()

things = Table(
    "things",
    metadata,
    Column("id", Text, primary_key=True),
    project_column(),
    Column("name", Text, nullable=False),
    Column("size", Integer, nullable=False, server_default="0"),
    Column("made_at", Timestamp, nullable=False, server_default=func.now()),
)

add_outbox(metadata)
add_saga(metadata)

SCHEMA = Schema("sample", metadata, Path(__file__).parent / "migrations")
