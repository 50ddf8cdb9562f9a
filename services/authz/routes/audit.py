"""The audit record, for those who may read it."""

from services.authz.domain.verification import verify
from services.authz.factory import Context
from services.authz.storage import audit
from services.chassis.routing import Call, Exposure, Page, Paging, RouteTable
from services.contracts.authz import AuditRecord, AuditVerification

routes = RouteTable("audit")


class AuditQuery(Paging, frozen=True, kw_only=True):
    """``kind`` is such as ``refused``, ``binding.set``, ``mandate.given``."""

    kind: str | None = None
    subject: str | None = None
    project: str | None = None


@routes.get("/v1/audit", Exposure.OPERATOR, "audit.read", "Read the audit record")
async def list_audit_records(call: Call[Context, None, AuditQuery]) -> Page[AuditRecord]:
    """List refusals, changes of bindings, suspensions, revocations and mandates, the newest first."""
    query = call.query
    async with call.context.db.unscoped() as tx:
        items, cursor = await audit.page(tx, query.kind, query.subject, query.project, query.limit, query.cursor)
    return Page(items, cursor)


@routes.get("/v1/audit/verification", Exposure.OPERATOR, "audit.read", "Verify the audit record")
async def verify_audit_record(call: Call[Context, None, None]) -> AuditVerification:
    """Walk the chain of digests and say whether, and where, it breaks."""
    async with call.context.db.unscoped() as tx:
        return await verify(audit.in_order(tx))
