"""Passes from authz, one for each credential and audience, renewed shortly before they end."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from services.chassis.auth.contact import LATE_READ_SECONDS, AuthzContact
from services.chassis.auth.credentials import ExchangedPass
from services.chassis.auth.revocation import Revocation
from services.chassis.errors import NotAuthenticated, Problem
from services.chassis.http.client import CalledServiceProblem
from services.gateway.domain.grants import Pass, grants_of
from services.gateway.domain.sessions import Credential

_RENEW_SECONDS = 10.0
_PATIENCE_SECONDS = 4.0
"""A pass with less than the first left is renewed behind the requests' backs, with less than the second before them."""
_USABLE_SECONDS = 1.0
_BROKEN = 500
_KEPT = 50_000

Exchange = Callable[[str | None, str], Awaitable[ExchangedPass]]
_Key = tuple[str, str, str]


class Passes:
    """``exchange`` asks authz; requests that need the same pass at the same time share one call.

    While authz is silent a held pass is used to its end, and for reads as long after as ``contact`` allows.
    """

    def __init__(self, exchange: Exchange, contact: AuthzContact) -> None:
        self._exchange = exchange
        self._contact = contact
        self._kept: dict[_Key, Pass] = {}
        self._asking: dict[_Key, asyncio.Task[Pass]] = {}

    async def get(
        self, credential: Credential, audience: str, *, taken_after: float = 0.0, reading: bool = False
    ) -> Pass:
        """Return a pass for ``audience`` that authz gave after the Unix time ``taken_after``; late only for reading.

        Raises NotAuthenticated if authz no longer takes the credential, Unavailable if authz does not answer.
        """
        key = (credential.subject, credential.id, audience)
        kept = self._kept.get(key)
        held = kept if kept and kept.taken_at >= taken_after else None
        if held and held.expires_at - time.time() > _RENEW_SECONDS:
            return held
        if held and held.expires_at - time.time() > _PATIENCE_SECONDS:
            self._started(key, credential.session_token)
            return held
        if held and self._contact.silent and await self._will_do(key, held, reading):
            return held
        try:
            return await self._asked(key, credential.session_token)
        except Problem as problem:
            if held and problem.status >= _BROKEN and await self._will_do(key, held, reading):
                return held
            raise

    def forget(self, subject: str) -> None:
        """Ask anew at the next request of ``subject``: what it may do has changed."""
        self._drop(lambda key: key[0] == subject)

    def revoked(self, revocation: Revocation) -> None:
        """Drop the passes of a revoked subject or credential."""
        self._drop(lambda key: revocation.value in key[:2])

    async def _will_do(self, key: _Key, held: Pass, reading: bool) -> bool:
        """Return whether a pass can be used in the place of one that authz does not give now."""
        left = held.expires_at - time.time()
        if left < _USABLE_SECONDS and not (reading and left > -LATE_READ_SECONDS):
            return False
        allowed = left >= _USABLE_SECONDS or await self._contact.allows_late_reads()
        return allowed and self._kept.get(key) is held

    async def _asked(self, key: _Key, session_token: str) -> Pass:
        return await asyncio.shield(self._started(key, session_token))

    def _started(self, key: _Key, session_token: str) -> asyncio.Task[Pass]:
        if key not in self._asking:
            self._asking[key] = asyncio.create_task(self._ask(key, session_token))
            self._asking[key].add_done_callback(lambda task: self._ended(key, task))
        return self._asking[key]

    def _ended(self, key: _Key, task: asyncio.Task[Pass]) -> None:
        """Forget the task; a failure that nobody waited for is met by the next who asks."""
        self._asking.pop(key, None)
        if not task.cancelled():
            task.exception()

    async def _ask(self, key: _Key, session_token: str) -> Pass:
        asked = time.time()
        try:
            given = await self._exchange(session_token, key[2])
        except CalledServiceProblem as problem:
            if problem.status == 401:
                raise NotAuthenticated("The session was ended.", hint="Log in again.") from problem
            raise
        taken = Pass(given.token, grants_of(given.token), asked, given.expires_at)
        if len(self._kept) >= _KEPT:
            now = time.time()
            self._drop(lambda key: self._kept[key].expires_at < now)
        self._kept[key] = taken
        return taken

    def _drop(self, unwanted: Callable[[_Key], bool]) -> None:
        for key in [key for key in self._kept if unwanted(key)]:
            del self._kept[key]
