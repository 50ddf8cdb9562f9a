"""The exchange of tokens (RFC 8693): what a service was called with, for a pass that takes it one service further."""

import time
from collections.abc import Awaitable, Callable

from services.authz.domain.directory import Asker, check_may_call
from services.authz.domain.holdings import (
    Holdings,
    grants_of_mandate,
    grants_of_person,
    grants_of_service,
)
from services.authz.domain.incoming import Incoming
from services.authz.exceptions import SubjectSuspended, TooManyProjects
from services.chassis.auth.caller import SERVICE_PREFIX, Caller
from services.chassis.auth.keys import ServiceKey
from services.chassis.auth.tokens import (
    ISSUER,
    PASS_SECONDS,
    Actor,
    Confirmation,
    Grants,
    Narrowing,
    PassClaims,
    claims_dict,
)
from services.chassis.context import TokenAnswer, TokenRequest
from services.chassis.ids import new_id

HoldingsOf = Callable[[str], Awaitable[Holdings]]
MOST_PROJECTS = 50
"""Projects inside one pass (DESIGN section 3)."""


class Exchange:
    """Signs passes with authz's ``key``; ``holdings_of`` answers from memory where it can."""

    def __init__(self, key: ServiceKey, incoming: Incoming, holdings_of: HoldingsOf) -> None:
        self._key = key
        self._incoming = incoming
        self._holdings_of = holdings_of

    async def pass_for(self, asker: Asker, request: TokenRequest) -> TokenAnswer:
        """Return a pass for ``request.audience`` that only the asker can use.

        Raises MayNotCall, NotAuthenticated for a token that is not good, SubjectSuspended, TooManyProjects.
        """
        check_may_call(asker.service, request.audience)
        if request.subject_token is None:
            return self._signed(asker, request.audience, _service_itself(asker))
        caller = self._incoming.caller(asker, request.subject_token)
        grants = await self._grants(caller, request.audience)
        if len(grants.projects) > MOST_PROJECTS:
            raise TooManyProjects(f"You have a role in {len(grants.projects)} projects; a pass holds {MOST_PROJECTS}.")
        return self._signed(asker, request.audience, caller, grants)

    async def _grants(self, caller: Caller, audience: str) -> Grants:
        narrowing = caller.narrowing or Narrowing()
        if narrowing.mandate is not None:
            return grants_of_mandate(narrowing.mandate.grants, audience)
        if caller.subject.startswith(SERVICE_PREFIX):
            return grants_of_service(caller.subject.removeprefix(SERVICE_PREFIX), audience)
        holdings = await self._holdings_of(caller.subject)
        if holdings.suspended is not None:
            raise SubjectSuspended("Your account is suspended.", subject=caller.subject, reason=holdings.suspended)
        return grants_of_person(holdings, audience, narrowing)

    def _signed(self, asker: Asker, audience: str, caller: Caller, grants: Grants | None = None) -> TokenAnswer:
        now = time.time()
        expires = _end(caller, int(now))
        claims = PassClaims(
            iss=ISSUER,
            sub=caller.subject,
            aud=audience,
            iat=now,
            exp=expires,
            jti=new_id("pas"),
            cnf=Confirmation(asker.key),
            act=actors((*caller.chain, asker.service)),
            grants=grants or grants_of_service(asker.service, audience),
            sid=caller.credential_id,
            narrowing=caller.narrowing,
        )
        return TokenAnswer(self._key.sign(claims_dict(claims), "pass+jwt"), expires - now)


def actors(chain: tuple[str, ...]) -> Actor:
    """Return the chain of services, the first of the request first, as nested actors (RFC 8693, section 4.1)."""
    actor: Actor | None = None
    for service in chain:
        actor = Actor(service, actor)
    assert actor is not None
    return actor


def _service_itself(asker: Asker) -> Caller:
    return Caller(subject=f"{SERVICE_PREFIX}{asker.service}", chain=())


def _end(caller: Caller, now: int) -> int:
    """Sixty seconds from now, and never after the session or mandate that it comes from."""
    ends = [now + PASS_SECONDS]
    if caller.narrowing and caller.narrowing.mandate:
        ends.append(caller.narrowing.mandate.until)
    if not caller.chain and caller.expires_at:
        ends.append(int(caller.expires_at))
    return min(ends)
