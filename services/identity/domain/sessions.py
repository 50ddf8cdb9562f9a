"""Log-in, log-out, and the session tokens that identity signs."""

import time
from datetime import UTC, datetime

from services.chassis.auth.contact import AuthzContact
from services.chassis.auth.keys import ServiceKey
from services.chassis.auth.tokens import claims_dict
from services.chassis.db import Database
from services.chassis.errors import Unavailable
from services.chassis.ids import new_id
from services.contracts.identity import LogIn, Session, SessionClaims
from services.identity.domain.notices import CREDENTIAL, Notices
from services.identity.domain.passwords import Passwords
from services.identity.exceptions import WrongLogIn
from services.identity.storage import sessions, users

ISSUER = "identity"
TYPE = "session+jwt"


class Sessions:
    """Opens and ends sessions; a token is good for ``hours``."""

    def __init__(
        self, db: Database, key: ServiceKey, passwords: Passwords, notices: Notices, hours: float, contact: AuthzContact
    ) -> None:
        self._db = db
        self._key = key
        self._passwords = passwords
        self._notices = notices
        self._contact = contact
        self._seconds = int(hours * 3600)

    async def open(self, log_in: LogIn) -> Session:
        """Return a new session. Raises WrongLogIn, the same and after the same time whatever is wrong; TooBusy.

        Raises Unavailable when authz has been silent for a minute: what was revoked since is not known.
        """
        if not await self._contact.allows_log_ins():
            raise Unavailable("Nobody can log in at this moment; try again in a minute.", cause="authz is silent")
        async with self._db.unscoped() as tx:
            user = await users.with_password(tx, log_in.email)
        good = await self._passwords.check(user.password_hash if user else None, log_in.password)
        if user is None or not good or user.state != "active":
            raise WrongLogIn(email=log_in.email)
        fresh = await self._passwords.hash(log_in.password) if self._passwords.is_dated(user.password_hash) else None
        session_id, now = new_id("ses"), time.time()
        expires = int(now) + self._seconds
        async with self._db.unscoped() as tx:
            await sessions.add(tx, session_id, user.id, _moment(expires))
            if fresh:
                await users.set_password(tx, user.id, fresh)
        token = self.signed(user.id, session_id, now, expires)
        return Session(id=session_id, token=token, user_id=user.id, expires_at=_moment(expires))

    async def end(self, user_id: str, session_id: str) -> bool:
        """End one session everywhere within a second; False when the person has no such session."""
        async with self._db.unscoped() as tx:
            if not await sessions.end(tx, user_id, session_id):
                return False
            await self._notices.add(tx, CREDENTIAL, session_id, "logged out")
        await self._notices.give()
        return True

    def signed(
        self,
        user_id: str,
        credential_id: str,
        now: float,
        expires: int,
        projects: list[str] | None = None,
        role: str | None = None,
    ) -> str:
        """Return a session token; ``projects`` and ``role`` narrow what it may do."""
        claims = SessionClaims(
            iss=ISSUER,
            sub=user_id,
            sid=credential_id,
            iat=now,
            exp=expires,
            projects=tuple(projects) if projects is not None else None,
            role=role,
        )
        return self._key.sign(claims_dict(claims), TYPE)


def _moment(unix_seconds: float) -> datetime:
    return datetime.fromtimestamp(unix_seconds, UTC)
