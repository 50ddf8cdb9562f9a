"""API tokens of people: made, listed, revoked, and verified for the gateway."""

import time
from datetime import UTC, datetime, timedelta

from services.chassis.auth.caller import Caller
from services.chassis.db import Database
from services.chassis.errors import FieldProblem, NotFound
from services.chassis.ids import new_id
from services.contracts.identity import ApiToken, CreateApiToken, CreatedApiToken, VerifiedToken
from services.contracts.permissions import ROLES
from services.identity.constants import API_SESSION_SECONDS, LAST_USED_SECONDS, MOST_TOKENS
from services.identity.domain import api_tokens
from services.identity.domain.notices import CREDENTIAL, Notices
from services.identity.domain.sessions import Sessions
from services.identity.exceptions import BadToken, TokenNotGood, TooMany
from services.identity.storage import tokens, users


class Tokens:
    """The API tokens of all people."""

    def __init__(self, db: Database, sessions: Sessions, notices: Notices) -> None:
        self._db = db
        self._sessions = sessions
        self._notices = notices

    async def make(self, caller: Caller, request: CreateApiToken) -> CreatedApiToken:
        """Make a token of the caller's own. Raises BadToken with everything that is wrong, TooMany."""
        _check(caller, request)
        token_id, secret = new_id("tok"), api_tokens.new_secret()
        days = request.expires_in_days
        expires = datetime.now(UTC) + timedelta(days=days) if days is not None else None
        async with self._db.unscoped() as tx:
            if await tokens.count(tx, caller.subject) >= MOST_TOKENS:
                raise TooMany(f"You have {MOST_TOKENS} API tokens.", hint="Revoke those that you no longer use.")
            await tokens.add(tx, token_id, caller.subject, request, api_tokens.digest_of(secret), expires)
        return CreatedApiToken(id=token_id, token=api_tokens.text_of(token_id, secret), expires_at=expires)

    async def of(self, user_id: str) -> list[ApiToken]:
        """Return the tokens of one person that are not revoked, the newest first."""
        async with self._db.unscoped() as tx:
            return await tokens.of(tx, user_id)

    async def revoke(self, user_id: str, token_id: str) -> None:
        """Revoke a token everywhere within a second; may be repeated. Raises NotFound."""
        async with self._db.unscoped() as tx:
            if not await tokens.revoke(tx, user_id, token_id):
                raise NotFound(token_id=token_id)
            await self._notices.add(tx, CREDENTIAL, token_id, "API token revoked")
        await self._notices.give()

    async def verify(self, text: str) -> VerifiedToken:
        """Return a short session token for an API token that is good. Raises TokenNotGood."""
        presented = api_tokens.read(text)
        if presented is None:
            raise TokenNotGood("This is not an API token.")
        now = time.time()
        async with self._db.unscoped() as tx:
            stored = await tokens.stored(tx, presented.id)
            if stored is None or not api_tokens.same(stored.digest, presented.digest):
                raise TokenNotGood("There is no such API token.", token_id=presented.id)
            _check_good(stored, now)
            if await users.state(tx, stored.user_id) != "active":
                raise TokenNotGood("The account is suspended.", user_id=stored.user_id)
            if stored.last_used_at is None or now - stored.last_used_at.timestamp() > LAST_USED_SECONDS:
                await tokens.used(tx, stored.id)
        expires = _end_of_session(stored, now)
        token = self._sessions.signed(stored.user_id, stored.id, now, expires, stored.projects, stored.role)
        return VerifiedToken(token, datetime.fromtimestamp(expires, UTC))


def _check(caller: Caller, request: CreateApiToken) -> None:
    problems = []
    if request.role is not None and request.role not in ROLES:
        problems.append(FieldProblem("/role", f"There is no role {request.role}.", f"Roles are: {', '.join(ROLES)}."))
    for number, project in enumerate(request.projects or ()):
        if not caller.may("project.read", project):
            problems.append(FieldProblem(f"/projects/{number}", "There is no such project, or it is not yours."))
    if request.projects == []:
        problems.append(FieldProblem("/projects", "A token without any project is good for nothing.", "Leave it out."))
    if problems:
        raise BadToken("The token can't be made.", errors=tuple(problems))


def _end_of_session(stored: tokens.StoredToken, now: float) -> int:
    end = int(now) + API_SESSION_SECONDS
    return min(end, int(stored.expires_at.timestamp())) if stored.expires_at else end


def _check_good(stored: tokens.StoredToken, now: float) -> None:
    if stored.revoked_at is not None:
        raise TokenNotGood("The API token was revoked.", token_id=stored.id)
    if stored.expires_at is not None and stored.expires_at.timestamp() <= now:
        raise TokenNotGood("The API token has ended.", token_id=stored.id)
