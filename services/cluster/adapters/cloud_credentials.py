"""The credentials of projects at clouds, remembered for a short time: a batch looks at its machines each second."""

import time

from services.chassis.auth.credentials import Mandate
from services.chassis.auth.memory import Memory
from services.chassis.cloud import CloudAccess
from services.cluster.adapters.siblings import Identity
from services.contracts.identity import CloudCredential

REMEMBERED_SECONDS = 30.0
"""How long a credential is used without asking identity, which asks secrets. It is in this process's memory only."""
_MOST = 1000

_Key = tuple[str, str, str]


class CloudCredentials:
    """Each is remembered for the mandate that it was given for, so that no other work gets it without being asked."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._known: Memory[_Key, CloudCredential] = Memory(_MOST)

    async def of(self, project_id: str, cloud_id: str, mandate: Mandate) -> CloudCredential:
        """Return a project's credential at a cloud; raises what identity raises."""
        key = (mandate.token, project_id, cloud_id)
        known = self._known.get(key)
        if known is None:
            known = await self._identity.credential(project_id, cloud_id, mandate)
            self._known.keep(key, known, time.time() + REMEMBERED_SECONDS)
        return known

    def refused(self, access: CloudAccess) -> None:
        """Forget a credential that a cloud no longer takes (401): the next look asks identity."""
        self._known.forget(lambda credential: credential.auth == access.auth)
