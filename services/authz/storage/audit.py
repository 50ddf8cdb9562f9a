"""The audit record as rows; a trigger refuses to change or delete them."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, Select, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.authz.domain.audit_chain import GENESIS, Entry, data_text, digest
from services.authz.schema import audit_record
from services.authz.storage.changes import one_at_a_time
from services.chassis.db import Keyset
from services.chassis.log import get_logger
from services.contracts.authz import AuditRecord

log = get_logger("authz.audit")
_NEWEST = Keyset((audit_record.c.number, "desc"))
_BATCH = 1000


async def append(tx: AsyncConnection, entry: Entry) -> None:
    """Add one record to the chain; one transaction at a time does so."""
    await one_at_a_time(tx, "audit record")
    last = (await tx.execute(select(audit_record).order_by(audit_record.c.number.desc()).limit(1))).first()
    number = last.number + 1 if last else 1
    at = datetime.now(UTC)
    made = digest(last.digest if last else GENESIS, number, at, entry)
    await tx.execute(
        insert(audit_record).values(
            number=number,
            at=at,
            kind=entry.kind,
            subject=entry.subject,
            project=entry.project_id,
            chain=entry.chain,
            data=data_text(entry.data),
            digest=made,
        )
    )
    log.info("audit.recorded", number=number, kind=entry.kind, digest=made)


async def page(
    tx: AsyncConnection, kind: str | None, subject: str | None, project_id: str | None, limit: int, cursor: str | None
) -> tuple[list[AuditRecord], str | None]:
    """Return one page of the record, the newest first."""
    query: Select[Any] = select(audit_record)
    wanted = ((audit_record.c.kind, kind), (audit_record.c.subject, subject), (audit_record.c.project, project_id))
    for column, value in wanted:
        if value is not None:
            query = query.where(column == value)
    got = await _NEWEST.fetch(tx, query, limit=limit, cursor=cursor)
    return [record(row) for row in got.rows], got.next_cursor


async def in_order(tx: AsyncConnection) -> AsyncIterator[AuditRecord]:
    """Yield all records from the first on, a thousand at a time."""
    number = 0
    while True:
        query = select(audit_record).where(audit_record.c.number > number).order_by(audit_record.c.number)
        rows = (await tx.execute(query.limit(_BATCH))).all()
        for row in rows:
            yield record(row)
        if len(rows) < _BATCH:
            return
        number = rows[-1].number


def record(row: Row[Any]) -> AuditRecord:
    """Return a row as what crosses the wire."""
    data: dict[str, object] = json.loads(row.data)
    return AuditRecord(row.number, row.at, row.kind, row.subject, row.project, row.chain, data, row.digest)
