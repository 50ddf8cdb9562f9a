"""What a service sends along when it calls another: the right token for the audience, with proof of its key.

Three ways to have one: exchange the caller's pass (a longer chain), sign a hop from a mandate, or act for itself.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from services.chassis.auth.caller import Caller
from services.chassis.auth.contact import LATE_READ_SECONDS, AuthzContact
from services.chassis.auth.keys import ServiceKey
from services.chassis.auth.memory import Memory
from services.chassis.auth.tokens import HOP_SECONDS, HopClaims, claims_dict
from services.chassis.errors import Problem

PROOF_HEADER = "X-Cloudpoint-Proof"
_RENEW_SECONDS = 10


@dataclass(frozen=True)
class ExchangedPass:
    """A pass as authz's exchange answers it, with the Unix time at which it ends."""

    token: str
    expires_at: float


Exchange = Callable[[str | None, str], Awaitable[ExchangedPass]]


@dataclass(frozen=True)
class Mandate:
    """A mandate that this service holds: the token that authz signed."""

    token: str


Authority = Caller | Mandate | None
"""On whose behalf a call is made; None is the service itself."""


class Credentials:
    """Makes the headers of outgoing calls, and remembers tokens until shortly before they end."""

    def __init__(self, key: ServiceKey, exchange: Exchange, contact: AuthzContact) -> None:
        self._key = key
        self._exchange = exchange
        self._contact = contact
        self._passes: Memory[tuple[str | None, str], str] = Memory()
        self._hops: Memory[tuple[str, str], str] = Memory()

    async def headers(self, audience: str, authority: Authority, *, reading: bool = False) -> dict[str, str]:
        """Return the headers that let ``audience`` know who calls; raises what the exchange raises (403, 503).

        While authz is silent, ``reading`` goes on with a pass that has ended, as long as that is allowed.
        """
        token = await self.token(audience, authority, reading=reading)
        return {"Authorization": f"Bearer {token}", PROOF_HEADER: self._key.proof(audience)}

    async def token(self, audience: str, authority: Authority, *, reading: bool = False) -> str:
        """Return a pass or a hop for ``audience``."""
        if isinstance(authority, Mandate):
            return self._hop(audience, authority)
        subject_token = authority.token if authority else None
        known = self._passes.get((subject_token, audience), _RENEW_SECONDS)
        if known is not None:
            return known
        late = self._passes.get((subject_token, audience), -LATE_READ_SECONDS) if reading else None
        if late and self._contact.silent and await self._contact.allows_late_reads():
            return late
        try:
            return await self._exchanged(subject_token, audience)
        except Problem as problem:
            if late and problem.status >= 500 and await self._contact.allows_late_reads():
                return late
            raise

    def proof_headers(self, audience: str) -> dict[str, str]:
        """Return the proof alone, for authz itself, which knows the services by their keys."""
        return {PROOF_HEADER: self._key.proof(audience)}

    async def _exchanged(self, subject_token: str | None, audience: str) -> str:
        exchanged = await self._exchange(subject_token, audience)
        self._passes.keep((subject_token, audience), exchanged.token, exchanged.expires_at)
        return exchanged.token

    def _hop(self, audience: str, mandate: Mandate) -> str:
        known = self._hops.get((mandate.token, audience), _RENEW_SECONDS)
        if known is None:
            now = int(time.time())
            claims = HopClaims(
                iss=self._key.service, aud=audience, iat=now, exp=now + HOP_SECONDS, mandate=mandate.token
            )
            known = self._key.sign(claims_dict(claims), "hop+jwt")
            self._hops.keep((mandate.token, audience), known, claims.exp)
        return known
