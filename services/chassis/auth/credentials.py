"""What a service sends along when it calls another: the right token for the audience, with proof of its key.

Three ways to have one: exchange the caller's pass (a longer chain), sign a hop from a mandate, or act for itself.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from services.chassis.auth.caller import Caller
from services.chassis.auth.keys import ServiceKey
from services.chassis.auth.tokens import HOP_SECONDS, HopClaims, claims_dict

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

    def __init__(self, key: ServiceKey, exchange: Exchange) -> None:
        self._key = key
        self._exchange = exchange
        self._passes: dict[tuple[str, str], ExchangedPass] = {}
        self._hops: dict[tuple[str, str], ExchangedPass] = {}

    async def headers(self, audience: str, authority: Authority) -> dict[str, str]:
        """Return the headers that let ``audience`` know who calls; raises what the exchange raises (403, 503)."""
        token = await self.token(audience, authority)
        return {"Authorization": f"Bearer {token}", PROOF_HEADER: self._key.proof(audience)}

    async def token(self, audience: str, authority: Authority) -> str:
        """Return a pass or a hop for ``audience``."""
        if isinstance(authority, Mandate):
            return self._hop(audience, authority)
        subject_token = authority.token if authority else None
        known = self._passes.get((subject_token or "", audience))
        if known is None or known.expires_at - time.time() < _RENEW_SECONDS:
            known = await self._exchange(subject_token, audience)
            self._forget_ended(self._passes)
            self._passes[(subject_token or "", audience)] = known
        return known.token

    def proof_headers(self, audience: str) -> dict[str, str]:
        """Return the proof alone, for authz itself, which knows the services by their keys."""
        return {PROOF_HEADER: self._key.proof(audience)}

    def _hop(self, audience: str, mandate: Mandate) -> str:
        known = self._hops.get((mandate.token, audience))
        if known is None or known.expires_at - time.time() < _RENEW_SECONDS:
            now = int(time.time())
            claims = HopClaims(
                iss=self._key.service, aud=audience, iat=now, exp=now + HOP_SECONDS, mandate=mandate.token
            )
            known = ExchangedPass(self._key.sign(claims_dict(claims), "hop+jwt"), now + HOP_SECONDS)
            self._forget_ended(self._hops)
            self._hops[(mandate.token, audience)] = known
        return known.token

    @staticmethod
    def _forget_ended(kept: dict[tuple[str, str], ExchangedPass]) -> None:
        now = time.time()
        for key in [key for key, value in kept.items() if value.expires_at < now]:
            del kept[key]
