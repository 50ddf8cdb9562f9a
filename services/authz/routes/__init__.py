"""HTTP of authz: translate, no more."""

from services.authz.domain.directory import Asker
from services.chassis.auth.caller import Caller
from services.contracts.permissions import MAY_CALL

EVERY_SERVICE = tuple(MAY_CALL)


def asker_of(caller: Caller) -> Asker:
    """Return the service that asks: the one whose key proved the request."""
    return Asker(caller.chain[-1], caller.bound_to)
