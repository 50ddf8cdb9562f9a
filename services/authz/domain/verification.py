"""Walk the audit chain and say whether it holds."""

from collections.abc import AsyncIterator

from services.authz.domain.audit_chain import GENESIS, Entry, digest
from services.contracts.authz import AuditRecord, AuditVerification


async def verify(records: AsyncIterator[AuditRecord]) -> AuditVerification:
    """Return where the chain breaks first: a record that was changed, or one that is missing before it.

    Records that were cut off at the end can't be seen from the rest: the log holds each digest as it was made.
    """
    count, expected, previous = 0, 1, GENESIS
    async for record in records:
        count += 1
        entry = Entry(record.kind, record.subject, record.project_id, record.chain, record.data)
        if record.number != expected or digest(previous, record.number, record.at, entry) != record.digest:
            return AuditVerification(count, False, expected, previous)
        expected, previous = record.number + 1, record.digest
    return AuditVerification(count, True, None, previous)
