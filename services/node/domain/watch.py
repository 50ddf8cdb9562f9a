"""Keeps the copy of each cloud's nodes fresh, and has nodes taken up that a failed tear-down left."""

import asyncio
import math
import time

from services.chassis.db import Database, database_time
from services.chassis.errors import Problem
from services.chassis.log import get_logger
from services.contracts.node import Node
from services.node.adapters.ironic import Ironic
from services.node.domain.failed_deploys import FailedDeploys
from services.node.domain.stranded import Stranded
from services.node.storage.nodes import replace_nodes

log = get_logger("node.watch")
# Each takes two requests, one after the other, and the look waits for them.
_ASKED_AT_ONCE = 20
_JUST_SECONDS = 1.0


class Watch:
    """Asks one cloud's Ironic again and again.

    While it does not answer, the copy stays as it is: each node's ``seen_at`` says how old.
    """

    def __init__(self, db: Database, ironic: Ironic, cloud_id: str, seconds: float, stranded: Stranded) -> None:
        self._db = db
        self._ironic = ironic
        self._cloud_id = cloud_id
        self._seconds = seconds
        self._stranded = stranded
        self._failed_deploys = FailedDeploys()
        self._looking = asyncio.Lock()
        self._looked_at = -math.inf

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self._take_up(await self.look())
            except Exception as error:
                log.warning("watch.failed", cloud_id=self._cloud_id, error=repr(error))
            await asyncio.sleep(self._seconds)

    async def look(self) -> list[Node]:
        """Look once and return the nodes that Ironic has; raises CloudFailure when it does not answer."""
        began = time.monotonic()
        async with self._db.unscoped() as tx:
            looked_at = await database_time(tx)
        seen = await self._ironic.nodes(self._cloud_id)
        seen = self._failed_deploys.told(seen, await self._errors_of(self._failed_deploys.suspects(seen)))
        async with self._db.unscoped() as tx:
            await replace_nodes(tx, self._cloud_id, seen, looked_at)
        self._looked_at = began
        return seen

    async def look_again(self) -> None:
        """Look unless this process just did, so that many who ask at once cost one look."""
        async with self._looking:
            if time.monotonic() - self._looked_at > _JUST_SECONDS:
                await self.look()

    async def _errors_of(self, suspects: list[str]) -> dict[str, str]:
        """Return what failed on a few nodes; the look goes on without it where Ironic does not say."""
        try:
            return await self._ironic.newest_errors(self._cloud_id, suspects[:_ASKED_AT_ONCE]) if suspects else {}
        except (Problem, TimeoutError) as error:
            log.warning("watch.history_unread", cloud_id=self._cloud_id, error=repr(error))
            return {}

    async def _take_up(self, seen: list[Node]) -> None:
        """Have Ironic tear nodes down once more that nobody else takes up."""
        for node in self._stranded.due(seen):
            said = {"cloud_id": self._cloud_id, "node": node.name, "last_error": node.last_error}
            try:
                await self._ironic.tear_down(self._cloud_id, node.cloud_node_id)
                log.warning("node.torn_down_again", **said)
            except Problem as problem:
                log.warning("node.stranded", **said, error=str(problem))
