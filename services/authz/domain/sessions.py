"""Session tokens: what identity signs when a person has logged in, or an API token was good."""

from collections.abc import Sequence

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.chassis.auth.caller import Caller
from services.chassis.auth.keys import ALGORITHM
from services.chassis.auth.revocation import Revocations
from services.chassis.auth.tokens import Narrowing
from services.chassis.auth.verify import UNREADABLE
from services.chassis.errors import NotAuthenticated
from services.contracts.identity import SessionClaims
from services.contracts.permissions import ROLES

SESSION_TYPE = "session+jwt"
SESSION_ISSUER = "identity"
SESSION_BEARERS = frozenset({"gateway"})
"""The doors: the only services that people's own tokens reach."""

_REMEMBERED = 20_000
_LEEWAY_SECONDS = 5


class Sessions:
    """Believes identity's keys; a token that was verified once is remembered until it ends."""

    def __init__(self, keys: Sequence[Ed25519PublicKey], revocations: Revocations) -> None:
        self._keys = tuple(keys)
        self._revocations = revocations
        self._known: dict[str, Caller] = {}

    def caller(self, token: str, now: float) -> Caller:
        """Return whose session ``token`` is, with an empty chain; raises NotAuthenticated."""
        caller = self._known.get(token)
        if caller is None:
            caller = _caller(self._decode(token), token)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[token] = caller
        if caller.expires_at < now - _LEEWAY_SECONDS:
            raise NotAuthenticated("The session has ended.", hint="Log in again.")
        if self._revocations.hit(caller):
            raise NotAuthenticated("The session or token was revoked.", hint="Log in again.")
        return caller

    def _decode(self, token: str) -> SessionClaims:
        for key in self._keys:
            try:
                claims = jwt.decode(
                    token,
                    key,
                    [ALGORITHM],
                    issuer=SESSION_ISSUER,
                    options={"require": ["exp", "iat", "iss"], "verify_iat": False},
                    leeway=_LEEWAY_SECONDS,
                )
                return msgspec.convert(claims, SessionClaims)
            except jwt.InvalidSignatureError:
                continue
            except UNREADABLE as error:
                raise NotAuthenticated(f"The session token is not valid: {error}.", hint="Log in again.") from error
        raise NotAuthenticated("The session token is not signed by identity.", hint="Log in again.")


def _caller(claims: SessionClaims, token: str) -> Caller:
    if claims.role is not None and claims.role not in ROLES:
        raise NotAuthenticated(f"The token is limited to the role {claims.role}, which no longer exists.")
    limited = claims.projects is not None or claims.role is not None
    return Caller(
        subject=claims.sub,
        chain=(),
        token=token,
        credential_id=claims.sid,
        narrowing=Narrowing(projects=claims.projects, role=claims.role) if limited else None,
        issued_at=claims.iat,
        expires_at=claims.exp,
    )
