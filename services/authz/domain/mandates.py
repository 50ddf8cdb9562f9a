"""Mandates: work that outlives its request, bound to one service's key, one operation and a fixed set of grants."""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from services.authz.domain.audit_chain import Entry
from services.authz.domain.directory import Asker, Directory, check_may_call
from services.authz.domain.exchange import HoldingsOf, actors
from services.authz.domain.holdings import granted_on
from services.authz.domain.incoming import Incoming
from services.authz.exceptions import MandateRefused, NotTheHolder, SubjectSuspended
from services.chassis.auth.caller import SERVICE_PREFIX, Caller
from services.chassis.auth.keys import ServiceKey
from services.chassis.auth.revocation import Revocations
from services.chassis.auth.tokens import (
    ISSUER,
    Confirmation,
    Grants,
    MandateClaims,
    MandateReach,
    claims_dict,
)
from services.chassis.errors import NotAuthenticated
from services.chassis.ids import new_id
from services.contracts.authz import MandateAnswer, MandateRequest, MandateStanding, StandingRequest
from services.contracts.permissions import MANDATES, STANDING, MandateKind

STANDING_SECONDS = 12 * 3600
Record = Callable[[Entry], Awaitable[None]]


class Mandates:
    """Gives mandates and says whether they still stand; each one given is recorded before it is answered."""

    def __init__(
        self, key: ServiceKey, directory: Directory, incoming: Incoming, holdings_of: HoldingsOf, record: Record
    ) -> None:
        self._key = key
        self._directory = directory
        self._incoming = incoming
        self._holdings_of = holdings_of
        self._record = record

    async def give(self, asker: Asker, request: MandateRequest) -> MandateAnswer:
        """Return a mandate for one operation. Raises MandateRefused, SubjectSuspended, NotAuthenticated.

        One that is asked for under a mandate keeps its operation, its end and what its subject must hold, and grants
        nothing that the first does not.
        """
        holder = self._holder(asker, request.holder) if request.holder else asker
        kind = _kind_for(holder, request.kind)
        caller = self._incoming.caller(holder, request.subject_token)
        if holder is not asker and (caller.bound_to != asker.key or caller.operation_id is None):
            raise MandateRefused(f"{asker.service} may have a mandate for {holder.service} under its own only.")
        if not caller.may(kind.requires, request.project_id):
            raise MandateRefused(
                f"{request.kind} needs {kind.requires} on project {request.project_id}.",
                subject=caller.subject,
                project_id=request.project_id,
            )
        reach = caller.narrowing.mandate if caller.narrowing else None
        if reach is None:
            await self._check_holdings(caller, kind, request.project_id)
        claims = _claims(holder, request, kind, caller, reach)
        await self._record(_entry("mandate.given", claims, request.kind, request.project_id))
        return self._answer(claims)

    def _holder(self, asker: Asker, service: str) -> Asker:
        """Return another service that the asker may call, as the holder of a mandate."""
        check_may_call(asker.service, service)
        holder = self._directory.holder(service)
        if holder is None:
            raise MandateRefused(f"{service} has no key here.")
        return holder

    async def give_standing(self, asker: Asker, request: StandingRequest) -> MandateAnswer:
        """Return a reconciler's mandate, which holds on every project; raises MandateRefused."""
        standing = STANDING.get(request.name)
        if standing is None or standing.service != asker.service:
            raise MandateRefused(f"{asker.service} has no standing mandate named {request.name}.")
        now = time.time()
        claims = MandateClaims(
            iss=ISSUER,
            sub=f"{SERVICE_PREFIX}{asker.service}",
            iat=now,
            exp=int(now) + STANDING_SECONDS,
            jti=new_id("man"),
            cnf=Confirmation(asker.key),
            act=actors((asker.service,)),
            operation=f"standing:{request.name}",
            grants=Grants(platform=tuple(sorted(standing.grants))),
            standing=request.name,
        )
        await self._record(_entry("mandate.standing", claims, request.name, None))
        return self._answer(claims)

    async def check(self, asker: Asker, mandate: str, revocations: Revocations) -> MandateStanding:
        """Say whether the holder may take one more step forward under ``mandate``; raises NotTheHolder."""
        try:
            claims = self._incoming.verifier(asker.service).mandate(mandate)
        except NotAuthenticated as refusal:
            return MandateStanding(False, f"The mandate is not valid: {refusal.detail}")
        if claims.cnf.jkt != asker.key:
            raise NotTheHolder("Only the mandate's holder may ask about it.", holder=claims.cnf.jkt)
        if revocations.hit(_as_caller(claims)):
            return MandateStanding(False, "The mandate or its operation was revoked.")
        return await self._standing_of(claims)

    async def _standing_of(self, claims: MandateClaims) -> MandateStanding:
        if claims.sub.startswith(SERVICE_PREFIX):
            return MandateStanding(True)
        holdings = await self._holdings_of(claims.sub)
        if holdings.suspended is not None:
            return MandateStanding(False, f"{claims.sub} is suspended; the operation goes on when that is lifted.")
        lost = [project for project in claims.grants.projects if not holdings.may(claims.requires or "", project)]
        if lost:
            return MandateStanding(False, f"{claims.sub} no longer holds {claims.requires} on project {lost[0]}.")
        return MandateStanding(True)

    async def _check_holdings(self, caller: Caller, kind: MandateKind, project_id: str) -> None:
        holdings = await self._holdings_of(caller.subject)
        if holdings.suspended is not None:
            raise SubjectSuspended("Your account is suspended.", subject=caller.subject)
        if not holdings.may(kind.requires, project_id):
            raise MandateRefused(f"{caller.subject} no longer holds {kind.requires} on project {project_id}.")

    def _answer(self, claims: MandateClaims) -> MandateAnswer:
        token = self._key.sign(claims_dict(claims), "mandate+jwt")
        return MandateAnswer(token, datetime.fromtimestamp(claims.exp, UTC))


def _kind_for(asker: Asker, name: str) -> MandateKind:
    kind = MANDATES.get(name)
    if kind is None or kind.service != asker.service:
        raise MandateRefused(f"{asker.service} may not have a mandate of the kind {name}.", asker=asker.service)
    return kind


def _claims(
    asker: Asker, request: MandateRequest, kind: MandateKind, caller: Caller, reach: MandateReach | None
) -> MandateClaims:
    now = time.time()
    end = int(now) + kind.longest_seconds
    granted = kind.grants & granted_on(reach.grants, request.project_id) if reach else kind.grants
    return MandateClaims(
        iss=ISSUER,
        sub=caller.subject,
        iat=now,
        exp=min(end, reach.until) if reach else end,
        jti=new_id("man"),
        cnf=Confirmation(asker.key),
        act=actors((*caller.chain, asker.service)),
        operation=reach.operation if reach else request.operation_id,
        grants=Grants({request.project_id: tuple(sorted(granted))}),
        requires=reach.requires if reach else kind.requires,
        ends_with_subject=reach.ends_with_subject if reach else kind.ends_with_subject,
    )


def _as_caller(claims: MandateClaims) -> Caller:
    return Caller(
        subject=claims.sub,
        chain=claims.act.chain(),
        token_id=claims.jti,
        operation_id=claims.operation,
        outlives_subject=not claims.ends_with_subject,
        issued_at=claims.iat,
    )


def _entry(kind: str, claims: MandateClaims, name: str, project_id: str | None) -> Entry:
    data = {"mandate": claims.jti, "name": name, "operation": claims.operation, "expires": claims.exp}
    return Entry(kind, claims.sub, project_id, list(claims.act.chain()), data)
