"""What a pass allows, read by the door that carries it: only to see whether a newer one allows something else."""

import base64
import time
from dataclasses import dataclass

import msgspec

from services.chassis.auth.tokens import Grants


class _Claims(msgspec.Struct, frozen=True):
    grants: Grants


@dataclass(frozen=True)
class Pass:
    """A pass that was got for one credential and audience; times are Unix seconds."""

    token: str
    grants: Grants
    taken_at: float
    expires_at: float

    @property
    def late(self) -> bool:
        """Whether it has ended: reads go on with it for a while when authz is silent."""
        return self.expires_at < time.time()

    def lost_since(self, earlier: Grants, permission: str | None) -> bool:
        """Tell whether ``permission`` is missing here on a project, or platform-wide, where ``earlier`` had it."""
        if permission is None:
            return False
        if permission in earlier.platform:
            return permission not in self.grants.platform
        had = {project for project, held in earlier.projects.items() if permission in held}
        has = {project for project, held in self.grants.projects.items() if permission in held}
        return not had <= has and permission not in self.grants.platform


def grants_of(token: str) -> Grants:
    """Return the grants in a pass that authz answered just now; its signature is the called service's to check."""
    payload = token.split(".")[1]
    return msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), type=_Claims).grants
