"""The first administrator, made when nobody is there yet."""

import asyncio

from services.chassis.db import Database
from services.chassis.errors import Problem
from services.chassis.ids import new_id
from services.chassis.log import get_logger
from services.identity.adapters.authz import Authz
from services.identity.config import Bootstrap
from services.identity.domain.passwords import Passwords
from services.identity.storage import users

log = get_logger("identity.bootstrap")
_PAUSE_SECONDS = 1.0


class FirstAdministrator:
    """Waits for authz as long as it takes; safe to be killed at any point, and to run in several processes."""

    def __init__(self, db: Database, passwords: Passwords, authz: Authz, settings: Bootstrap | None) -> None:
        self._db = db
        self._passwords = passwords
        self._authz = authz
        self._settings = settings

    async def run(self) -> None:
        """Make the administrator, if the configuration names one and there is nobody."""
        while self._settings is not None:
            try:
                await self._make(self._settings)
                return
            except Problem as problem:
                log.info("bootstrap.waiting", reason=problem.detail)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _make(self, settings: Bootstrap) -> None:
        """The role goes first: a kill in between leaves a role of nobody, never an administrator without one."""
        password_hash = await self._passwords.hash(settings.password.read())
        async with self._db.unscoped() as tx:
            if await users.somebody_is_there(tx):
                return
            user_id = new_id("usr")
            await self._authz.bind(user_id, "admin", None)
            await users.add(tx, user_id, settings.email, settings.name, password_hash)
        log.info("bootstrap.done", user_id=user_id)
