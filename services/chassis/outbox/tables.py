"""The tables of outbox and inbox. They belong to the service, not to a project."""

from sqlalchemy import (
    BigInteger,
    Column,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    func,
)

from services.chassis.db.tables import Timestamp


def add_outbox(metadata: MetaData) -> None:
    """Add ``outbox_event`` and ``inbox_event`` to a service's tables."""
    outbox_table(metadata)
    inbox_table(metadata)


def outbox_table(metadata: MetaData) -> Table:
    """Events written with the change that they tell of, until the broker has them."""
    table = Table(
        "outbox_event",
        metadata,
        Column("position", BigInteger, Identity(always=True), primary_key=True),
        Column("event_id", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("written_at", Timestamp, nullable=False, server_default=func.now()),
        Column("sent_at", Timestamp),
    )
    Index("ix_outbox_event_unsent", table.c.position, postgresql_where=table.c.sent_at.is_(None))
    Index("ix_outbox_event_sent_at", table.c.sent_at)
    return table


def inbox_table(metadata: MetaData) -> Table:
    """Events whose effect a consumer has already written."""
    return Table(
        "inbox_event",
        metadata,
        Column("consumer", Text, nullable=False),
        Column("event_id", Text, nullable=False),
        Column("seen_at", Timestamp, nullable=False, server_default=func.now(), index=True),
        PrimaryKeyConstraint("consumer", "event_id"),
    )


_METADATA = MetaData()
OUTBOX = outbox_table(_METADATA)
INBOX = inbox_table(_METADATA)
