"""Bring all values under the newest master key, so that older ones can be taken away."""

import asyncio

from services.chassis.db import Database
from services.chassis.log import get_logger
from services.secrets.domain.sealing import MasterKeys
from services.secrets.storage import values

log = get_logger("secrets.rotation")
_BATCH = 200
_LOOK_SECONDS = 3600.0


class Rotation:
    """Wraps keys anew, some at a time; safe to stop and to run twice at once."""

    def __init__(self, db: Database, keys: MasterKeys) -> None:
        self._db = db
        self._keys = keys

    async def run(self) -> None:
        """Look at the start and then every hour, until cancelled."""
        while True:
            await self.all()
            await asyncio.sleep(_LOOK_SECONDS)

    async def all(self) -> int:
        """Wrap every value that is under an older master key; return how many there were."""
        changed = 0
        while batch := await self._batch():
            changed += batch
        if changed:
            log.info("rotation.done", values=changed, version=self._keys.newest)
        return changed

    async def unopenable(self) -> str | None:
        """Return a sentence when values are under master keys that are not configured (for ``/readyz``)."""
        async with self._db.all_projects(purpose="which master keys are in use") as tx:
            used = await values.versions(tx)
        missing = sorted(used - self._keys.versions)
        return f"Values are sealed with master keys that are not configured: {missing}." if missing else None

    async def _batch(self) -> int:
        async with self._db.all_projects(purpose="wrap keys anew") as tx:
            older = await values.under_other_versions(tx, self._keys.newest, self._keys.versions, _BATCH)
            for place, sealed in older:
                await values.replace(tx, place, self._keys.rewrap(place, sealed))
        return len(older)
