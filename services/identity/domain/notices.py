"""What authz has to be told about people and their credentials: written with the change, given at once if possible.

authz may be away at that moment. What somebody loses is lost all the same: the notice is kept here, and given, in
order, as soon as authz is back.
"""

import asyncio

from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.db import Database
from services.chassis.errors import Problem
from services.chassis.log import get_logger
from services.identity.adapters.authz import Authz
from services.identity.storage import notices

log = get_logger("identity.notices")
_LOOK_SECONDS = 1.0
SUSPEND, RESTORE, CREDENTIAL, SUBJECT = "suspend", "restore", "revoke-credential", "revoke-subject"


class Notices:
    """The notices of this service to authz."""

    def __init__(self, db: Database, authz: Authz) -> None:
        self._db = db
        self._authz = authz

    async def add(self, tx: AsyncConnection, kind: str, target: str, reason: str = "") -> None:
        """Write a notice with the change that it tells of; :meth:`give` it when that is committed."""
        await notices.add(tx, kind, target, reason)

    async def give(self) -> None:
        """Tell authz all that is to be told, the oldest first; what it does not take now stays."""
        try:
            while await self._give_one():
                pass
        except Problem as problem:
            log.warning("notices.kept", reason=str(problem))

    async def run(self) -> None:
        """Look again and again for what is still to be told, until cancelled."""
        while True:
            await self.give()
            await asyncio.sleep(_LOOK_SECONDS)

    async def _give_one(self) -> bool:
        """Give the oldest notice; False when there is none. Raises the problems of authz."""
        async with self._db.unscoped() as tx:
            notice = await notices.oldest(tx)
            if notice is None:
                return await notices.any_left(tx)
            await self._tell(notice.kind, notice.target, notice.reason)
            await notices.forget(tx, notice.number)
        return True

    async def _tell(self, kind: str, target: str, reason: str) -> None:
        if kind == SUSPEND:
            await self._authz.suspend(target, reason)
        elif kind == RESTORE:
            await self._authz.restore(target)
        else:
            await self._authz.revoke(kind.removeprefix("revoke-"), target, reason)
