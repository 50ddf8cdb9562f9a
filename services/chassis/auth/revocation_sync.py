"""Keeps a process's revocations fresh: by event at once, and by asking authz every ten seconds.

A pull asks for what came after the last pull, whatever was heard meanwhile: an event may have been missed.
"""

import asyncio
import time

import msgspec

from services.chassis.auth.revocation import Revocation
from services.chassis.bus import Event
from services.chassis.context import Process
from services.chassis.errors import Problem
from services.chassis.log import get_logger

log = get_logger("chassis.revocations")
PULL_SECONDS = 10.0
_PULL_LIMIT_SECONDS = 5.0
EVENT = "authz.revoked"


class RevocationPage(msgspec.Struct, frozen=True):
    """What authz answers to ``GET /internal/revocations?since=``: those with a higher number, oldest first."""

    items: list[Revocation]


class RevocationSync:
    """One task a process; ``run`` goes on until it is cancelled."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._pulled = 0

    async def run(self) -> None:
        """Listen and pull."""
        if self._process.bus:
            await self._process.bus.subscribe([EVENT], self._heard)
        while True:
            await self._pull()
            await asyncio.sleep(PULL_SECONDS)

    async def _heard(self, event: Event) -> None:
        self._process.revocations.add(msgspec.convert(event.data, Revocation))

    async def _pull(self) -> None:
        known = self._process.revocations
        query = {"since": self._pulled}
        asked = time.time()
        headers = self._process.credentials.proof_headers("authz")
        try:
            answer = await self._process.client("authz").send(
                "GET", "/internal/revocations", headers, query=query, limit_seconds=_PULL_LIMIT_SECONDS
            )
        except Problem as problem:
            self._process.authz.noted(problem)
            log.warning("revocations.pull_failed", reason=str(problem))
            return
        for revocation in msgspec.json.decode(answer.body, type=RevocationPage).items:
            known.add(revocation)
            self._pulled = revocation.number
        known.heard_at = asked
        self._process.authz.noted(None)
