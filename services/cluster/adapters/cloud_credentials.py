"""The credentials of projects at clouds, remembered for a short time: a batch looks at its machines each second.

While identity is away a known one is used on, so that builds go on; a cloud that takes it no more says so itself.
"""

import time
from dataclasses import dataclass

from services.chassis.auth.credentials import Mandate
from services.chassis.auth.memory import Memory
from services.chassis.cloud import CloudAccess
from services.chassis.errors import Problem
from services.chassis.log import get_logger
from services.cluster.adapters.siblings import Identity
from services.contracts.identity import CloudCredential

REMEMBERED_SECONDS = 30.0
"""How long a credential is used without asking identity, which asks secrets. It is in this process's memory only."""
LATE_SECONDS = 3600.0
"""How long one is used on, after it was last given, by work that has it, while identity does not answer."""
_MOST = 1000
_BROKEN = 500

log = get_logger("cluster.cloud_credentials")
_Key = tuple[str, str, str]


@dataclass(frozen=True)
class _Given:
    credential: CloudCredential
    at: float


class CloudCredentials:
    """Each is remembered for the mandate that it was given for, so that no other work gets it without being asked."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._known: Memory[_Key, _Given] = Memory(_MOST)

    async def of(self, project_id: str, cloud_id: str, mandate: Mandate) -> CloudCredential:
        """Return a project's credential at a cloud; raises what identity raises."""
        key = (mandate.token, project_id, cloud_id)
        known = self._known.get(key) or await self._asked(key, mandate)
        return known.credential

    async def _asked(self, key: _Key, mandate: Mandate) -> _Given:
        asked = time.time()
        try:
            given = _Given(await self._identity.credential(*key[1:], mandate), asked)
        except Problem as problem:
            late = self._known.get(key, -LATE_SECONDS)
            if late is None or problem.status < _BROKEN or asked - late.at > LATE_SECONDS:
                raise
            log.warning("credential.late", project_id=key[1], cloud_id=key[2], reason=str(problem))
            given = late
        self._known.keep(key, given, time.time() + REMEMBERED_SECONDS)
        return given

    def refused(self, access: CloudAccess) -> None:
        """Forget a credential that a cloud no longer takes (401): the next look asks identity."""
        self._known.forget(lambda given: given.credential.auth == access.auth)
