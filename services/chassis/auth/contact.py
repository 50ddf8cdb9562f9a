"""Whether authz answers, and what goes on for how long when it does not.

Reads go on under passes that are held already, for a quarter of an hour after authz was last heard. Nothing that needs
a new pass does, nor a log-in. What was revoked before still bites; work under mandates needs no authz.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from services.chassis.auth.revocation import Revocations
from services.chassis.errors import Problem

LATE_READ_SECONDS = 900.0
"""How long reads go on after authz was last heard."""
LOG_IN_SECONDS = 60.0
"""How long log-ins do."""
_SILENT_SECONDS = 2.0
_HEARD_SECONDS = 0.2

Look = Callable[[], Awaitable[None]]
"""Ask authz for something; raises the problem if it does not answer."""


class AuthzContact:
    """What one process knows of authz. Without a ``look``, authz is never taken for silent and nothing comes late."""

    def __init__(self, revocations: Revocations, look: Look | None) -> None:
        self._revocations = revocations
        self._look = look
        self._looking: asyncio.Task[None] | None = None
        self._looked_at = 0.0
        self.silent = False

    @property
    def heard_seconds_ago(self) -> float:
        """The time since authz last told what is revoked."""
        return time.time() - self._revocations.heard_at

    def noted(self, problem: Problem | None) -> None:
        """Take note of how a question to authz ended; a refusal is an answer too."""
        self.silent = problem is not None and problem.status >= 500
        self._looked_at = time.monotonic()

    async def is_silent(self) -> bool:
        """Return whether authz leaves questions unanswered at this moment, by asking it unless that was just done."""
        fresh = _SILENT_SECONDS if self.silent else _HEARD_SECONDS
        if self._look and time.monotonic() - self._looked_at > fresh:
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look_now(self._look))
            await asyncio.shield(self._looking)
        return self.silent

    async def allows_late_reads(self) -> bool:
        """Return whether reads go on under passes that have ended: authz is silent, and not for too long."""
        return self.heard_seconds_ago < LATE_READ_SECONDS and await self.is_silent()

    async def allows_log_ins(self) -> bool:
        """Return whether somebody may log in: authz was there within the last minute, or is there now."""
        return self.heard_seconds_ago < LOG_IN_SECONDS or not await self.is_silent()

    async def _look_now(self, look: Look) -> None:
        try:
            await look()
        except Problem as problem:
            self.noted(problem)
        else:
            self.noted(None)
