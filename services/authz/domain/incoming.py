"""What a service shows to authz: the token that it was called with itself."""

import time
from collections.abc import Sequence

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.authz.domain.directory import Asker
from services.authz.domain.sessions import SESSION_BEARERS, SESSION_TYPE, Sessions
from services.chassis.auth.caller import Caller
from services.chassis.auth.revocation import Revocations
from services.chassis.auth.verify import UNREADABLE, Verifier
from services.chassis.errors import Forbidden, NotAuthenticated

_LONGEST_CHAIN = 8


class Incoming:
    """Verifies tokens in the asker's place: a pass or a hop must be addressed to the asker, a session to a door."""

    def __init__(self, issuer_keys: Sequence[Ed25519PublicKey], sessions: Sessions, revocations: Revocations) -> None:
        self._issuer_keys = tuple(issuer_keys)
        self._sessions = sessions
        self._revocations = revocations
        self._verifiers: dict[str, Verifier] = {}

    def caller(self, asker: Asker, token: str) -> Caller:
        """Return who is behind ``token``; raises NotAuthenticated, or Forbidden for a session at the wrong service."""
        if _kind(token) == SESSION_TYPE:
            if asker.service not in SESSION_BEARERS:
                raise Forbidden(f"{asker.service} is no door of the platform and takes no session tokens.")
            return self._sessions.caller(token, time.time())
        caller = self.verifier(asker.service).presented(token)
        if len(caller.chain) >= _LONGEST_CHAIN:
            raise Forbidden(f"The chain of services is longer than {_LONGEST_CHAIN}.", chain=caller.chain)
        return caller

    def verifier(self, service: str) -> Verifier:
        """Return what verifies tokens that are addressed to ``service``."""
        if service not in self._verifiers:
            self._verifiers[service] = Verifier(service, self._issuer_keys, self._revocations)
        return self._verifiers[service]


def _kind(token: str) -> str | None:
    try:
        kind: str | None = jwt.get_unverified_header(token).get("typ")
    except UNREADABLE as error:
        raise NotAuthenticated("The token can't be read.") from error
    return kind
