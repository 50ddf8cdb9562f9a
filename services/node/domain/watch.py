"""Keeps the copy of each cloud's nodes fresh."""

import asyncio

from services.chassis.db import Database, database_time
from services.chassis.log import get_logger
from services.node.adapters.ironic import Ironic
from services.node.storage.nodes import replace_nodes

log = get_logger("node.watch")


class Watch:
    """Asks one cloud's Ironic again and again.

    While it does not answer, the copy stays as it is: each node's ``seen_at`` says how old.
    """

    def __init__(self, db: Database, ironic: Ironic, cloud_id: str, seconds: float) -> None:
        self._db = db
        self._ironic = ironic
        self._cloud_id = cloud_id
        self._seconds = seconds

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.look()
            except Exception as error:
                log.warning("watch.failed", cloud_id=self._cloud_id, error=repr(error))
            await asyncio.sleep(self._seconds)

    async def look(self) -> None:
        """Look once; raises CloudFailure when Ironic does not answer."""
        async with self._db.unscoped() as tx:
            looked_at = await database_time(tx)
        seen = await self._ironic.nodes(self._cloud_id)
        async with self._db.unscoped() as tx:
            await replace_nodes(tx, self._cloud_id, seen, looked_at)
