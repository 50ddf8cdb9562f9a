"""Revocations: made by identity and cluster, pulled by every service."""

from typing import Annotated

import msgspec

from services.authz.factory import Context
from services.authz.routes import EVERY_SERVICE
from services.authz.storage import revocations
from services.chassis.auth.revocation import Revocation
from services.chassis.auth.revocation_sync import RevocationPage
from services.chassis.errors import Forbidden
from services.chassis.routing import Call, Exposure, RouteTable
from services.contracts.authz import RevocationRequest

routes = RouteTable("revocations")
MAY_REVOKE = {"identity": frozenset({"subject", "credential", "token"}), "cluster": frozenset({"operation"})}


class Since(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The highest number that the asker knows."""

    since: Annotated[int, msgspec.Meta(ge=0)] = 0


@routes.post("/internal/revocations", Exposure.INTERNAL, None, "Revoke", callers=tuple(MAY_REVOKE))
async def revoke(call: Call[Context, RevocationRequest, None]) -> Revocation:
    """Revoke a subject, credential, token or operation: what was issued until now is good no longer."""
    asker = call.caller.chain[-1]
    if call.body.kind not in MAY_REVOKE[asker]:
        raise Forbidden(f"{asker} revokes {', '.join(sorted(MAY_REVOKE[asker]))}, not {call.body.kind}.")
    return await call.context.administration.revoke(call.body, call.caller.chain)


@routes.get("/internal/revocations", Exposure.INTERNAL, None, "Pull revocations", callers=EVERY_SERVICE)
async def list_revocations(call: Call[Context, None, Since]) -> RevocationPage:
    """Return the revocations with a higher number, oldest first."""
    async with call.context.db.unscoped() as tx:
        return RevocationPage(await revocations.since(tx, call.query.since))
