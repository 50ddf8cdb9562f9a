"""The tables of the saga engine, in the database of each service that has sagas."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB as _JSONB

from services.chassis.db.tables import Timestamp, project_column
from services.chassis.saga.states import ACTIVE

JSONB = _JSONB(none_as_null=True)


def add_saga(metadata: MetaData) -> None:
    """Add ``saga_operation``, ``saga_step``, ``saga_unit`` and ``saga_intent`` to a service's tables."""
    operation_table(metadata)
    step_table(metadata)
    unit_table(metadata)
    intent_table(metadata)


def operation_table(metadata: MetaData) -> Table:
    """Operations. ``fence`` grows with each lease; ``nudges`` with each request to look."""
    table = Table(
        "saga_operation",
        metadata,
        Column("id", Text, primary_key=True),
        project_column(),
        Column("saga", Text, nullable=False),
        Column("version", Integer, nullable=False),
        Column("subject", Text, nullable=False),
        Column("params", JSONB, nullable=False),
        Column("context", JSONB, nullable=False),
        Column("state", Text, nullable=False),
        Column("phase", Text, nullable=False),
        Column("undo_ends_in", Text, nullable=False),
        Column("step", Text),
        Column("reason", JSONB),
        Column("fence", BigInteger, nullable=False, server_default="0"),
        Column("nudges", BigInteger, nullable=False, server_default="0"),
        Column("lease_owner", Text),
        Column("lease_until", Timestamp),
        Column("next_look_at", Timestamp, nullable=False, server_default=func.now()),
        Column("created_at", Timestamp, nullable=False, server_default=func.now()),
        Column("started_at", Timestamp),
        Column("ended_at", Timestamp),
        Column("changed_at", Timestamp, nullable=False, server_default=func.now()),
    )
    active = ", ".join(f"'{state}'" for state in ACTIVE)
    Index("ix_saga_operation_due", table.c.next_look_at, postgresql_where=text(f"state IN ({active})"))
    Index("ix_saga_operation_subject", table.c.subject, table.c.created_at)
    Index("ix_saga_operation_project_id", table.c.project_id, table.c.created_at, table.c.id)
    return table


def step_table(metadata: MetaData) -> Table:
    """Steps of operations, from the table of steps of the saga's version."""
    return Table(
        "saga_step",
        metadata,
        Column("operation_id", Text, nullable=False),
        Column("name", Text, nullable=False),
        project_column(),
        Column("position", Integer, nullable=False),
        Column("title", Text, nullable=False),
        Column("phase", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("reason", JSONB),
        Column("started_at", Timestamp),
        Column("ended_at", Timestamp),
        PrimaryKeyConstraint("operation_id", "name"),
        ForeignKeyConstraint(["operation_id"], ["saga_operation.id"], ondelete="CASCADE"),
    )


def unit_table(metadata: MetaData) -> Table:
    """Units of steps; a step that does not fan out has one, with an empty key."""
    return Table(
        "saga_unit",
        metadata,
        Column("operation_id", Text, nullable=False),
        Column("step", Text, nullable=False),
        Column("key", Text, nullable=False),
        project_column(),
        Column("position", Integer, nullable=False),
        Column("payload", JSONB, nullable=False),
        Column("phase", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("attempts", Integer, nullable=False, server_default="0"),
        Column("note", Text),
        Column("reason", JSONB),
        Column("result", JSONB),
        Column("next_look_at", Timestamp),
        Column("started_at", Timestamp),
        Column("ended_at", Timestamp),
        PrimaryKeyConstraint("operation_id", "step", "key"),
        ForeignKeyConstraint(["operation_id"], ["saga_operation.id"], ondelete="CASCADE"),
    )


def intent_table(metadata: MetaData) -> Table:
    """Calls to the outside: written before the call, settled after it; an open one may or may not have had effect."""
    return Table(
        "saga_intent",
        metadata,
        Column("operation_id", Text, nullable=False),
        Column("step", Text, nullable=False),
        Column("unit", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("key", Text, nullable=False),
        project_column(),
        Column("payload", JSONB, nullable=False),
        Column("fence", BigInteger, nullable=False),
        Column("state", Text, nullable=False),
        Column("outcome", JSONB),
        Column("created_at", Timestamp, nullable=False, server_default=func.now()),
        Column("settled_at", Timestamp),
        PrimaryKeyConstraint("operation_id", "step", "unit", "kind", "key"),
        ForeignKeyConstraint(["operation_id"], ["saga_operation.id"], ondelete="CASCADE"),
    )


_METADATA = MetaData()
OPERATION = operation_table(_METADATA)
STEP = step_table(_METADATA)
UNIT = unit_table(_METADATA)
INTENT = intent_table(_METADATA)
