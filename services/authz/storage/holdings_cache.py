"""Holdings in memory: asked on every exchange, forgotten the moment they change."""

from services.authz.domain.holdings import Holdings
from services.authz.storage import bindings
from services.chassis.db import Database

_MOST = 50_000


class HoldingsCache:
    """What each subject holds. Keeps nothing while ``fresh`` is false: changes would not be heard of then."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._kept: dict[str, Holdings] = {}
        self._generation = 0
        self.fresh = False

    async def of(self, subject: str) -> Holdings:
        """Return what a subject holds at this moment."""
        known = self._kept.get(subject)
        if known is not None:
            return known
        generation = self._generation
        async with self._db.all_projects(purpose="holdings of a subject") as tx:
            loaded = await bindings.holdings_of(tx, subject)
        if self.fresh and generation == self._generation:
            self._keep(subject, loaded)
        return loaded

    def _keep(self, subject: str, loaded: Holdings) -> None:
        if len(self._kept) >= _MOST:
            self._kept.clear()
        self._kept[subject] = loaded

    def forget(self, subject: str) -> None:
        """Read a subject anew the next time; what is being read right now is not kept."""
        self._generation += 1
        self._kept.pop(subject, None)

    def clear(self, *, fresh: bool) -> None:
        """Forget all; ``fresh`` says whether changes are heard of from now on."""
        self._generation += 1
        self._kept.clear()
        self.fresh = fresh
