"""Under what a run works: the mandate that came with it, or one that authz gives now."""

import time

from services.chassis.auth.caller import Caller
from services.chassis.auth.tokens import MandateClaims
from services.chassis.errors import NotAuthenticated
from services.contracts.runs import StartRun
from services.runner.domain.execution import longest_seconds
from services.runner.factory import Factory

_KIND = "runner.run"


async def mandate_for(factory: Factory, caller: Caller, request: StartRun) -> str:
    """Return the run's mandate; authz is asked only where none came along that is this runner's and lasts."""
    if request.mandate and _is_good(factory, request):
        return request.mandate
    return await factory.authz.mandate(_KIND, request.operation_id, request.project_id, caller)


def _is_good(factory: Factory, request: StartRun) -> bool:
    try:
        claims: MandateClaims = factory.process.verifier.mandate(request.mandate or "")
    except NotAuthenticated:
        return False
    until = time.time() + longest_seconds(request, factory.tools)
    mine = claims.cnf.jkt == factory.process.key.thumbprint
    return (
        mine
        and claims.operation == request.operation_id
        and request.project_id in claims.grants.projects
        and (claims.exp > until)
    )
