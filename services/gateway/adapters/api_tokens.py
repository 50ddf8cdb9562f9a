"""API tokens: identity says whose they are; its answer is remembered for half a minute at most."""

import time
from dataclasses import dataclass, replace

from services.chassis.auth.contact import LATE_READ_SECONDS, AuthzContact
from services.chassis.auth.revocation import Revocations
from services.chassis.errors import NotAuthenticated, Problem
from services.chassis.http.client import CalledServiceProblem, ServiceClient
from services.contracts.identity import VerifiedToken, VerifyToken
from services.gateway.domain.sessions import Credential, Sessions

PREFIX = "cpt_"
_BROKEN = 500
_REMEMBERED = 20_000
_REFUSAL_SECONDS = 5.0
_LONGEST = 512


@dataclass(frozen=True)
class _Known:
    credential: Credential | None
    until: float


class ApiTokens:
    """``remember_seconds`` bounds how long a token that identity no longer knows is still taken without an event."""

    def __init__(
        self,
        identity: ServiceClient,
        sessions: Sessions,
        revocations: Revocations,
        contact: AuthzContact,
        remember_seconds: float,
    ) -> None:
        self._contact = contact
        self._identity = identity
        self._sessions = sessions
        self._revocations = revocations
        self._seconds = remember_seconds
        self._known: dict[str, _Known] = {}

    async def credential(self, token: str, *, reading: bool = False) -> Credential:
        """Return whose API token ``token`` is; raises NotAuthenticated for one that is not good.

        While authz is silent identity can't be asked, and what it said before is taken for reading.
        """
        known = self._known.get(token)
        if known is None or known.until < time.time():
            known = await self._renewed(token, known if reading else None)
        if known.credential is None:
            raise _refusal()
        if known.credential.revoked(self._revocations):
            self._known.pop(token, None)
            raise _refusal()
        return known.credential

    def remembers(self, token: str) -> bool:
        """Tell whether this very token was found good before."""
        known = self._known.get(token)
        return known is not None and known.credential is not None

    async def _renewed(self, token: str, known: _Known | None) -> _Known:
        late = known if known and known.credential and known.until + LATE_READ_SECONDS > time.time() else None
        if late and self._contact.silent and await self._contact.allows_late_reads():
            return late
        try:
            return await self._ask(token)
        except Problem as problem:
            if late and problem.status >= _BROKEN and await self._contact.allows_late_reads():
                return late
            raise

    async def _ask(self, token: str) -> _Known:
        if len(token) > _LONGEST:
            raise _refusal()
        now = time.time()
        try:
            answer = await self._identity.call(
                "POST", "/internal/tokens/verify", VerifiedToken, authority=None, body=VerifyToken(token)
            )
            credential = replace(self._sessions.credential(answer.session_token), presented=token)
            until = min(now + self._seconds, answer.expires_at.timestamp())
            return self._remember(token, _Known(credential, until))
        except (CalledServiceProblem, NotAuthenticated) as problem:
            if problem.status >= 500 or problem.status == 403:
                raise
            return self._remember(token, _Known(None, now + _REFUSAL_SECONDS))

    def _remember(self, token: str, known: _Known) -> _Known:
        if len(self._known) >= _REMEMBERED:
            now = time.time()
            self._known = {key: kept for key, kept in self._known.items() if kept.until > now}
        if len(self._known) < _REMEMBERED:
            self._known[token] = known
        return known


def _refusal() -> NotAuthenticated:
    return NotAuthenticated("The API token is not good.", hint="It may have ended or been deleted; make a new one.")
