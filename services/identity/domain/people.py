"""People: made, suspended and restored by administrators; each keeps their own password."""

from services.chassis.db import Database
from services.chassis.errors import FieldProblem, NotFound
from services.chassis.ids import new_id
from services.contracts.identity import ChangePassword, ChangeUser, CreateUser, User
from services.contracts.permissions import ROLES
from services.identity.adapters.authz import Authz
from services.identity.domain.notices import RESTORE, SUBJECT, SUSPEND, Notices
from services.identity.domain.passwords import Passwords
from services.identity.exceptions import UnknownReference, WrongLogIn
from services.identity.storage import users

STATES = {
    "active": "The person can log in.",
    "suspended": "The person can't log in, and their operations pause.",
}


class People:
    """All people of the platform."""

    def __init__(self, db: Database, passwords: Passwords, authz: Authz, notices: Notices) -> None:
        self._db = db
        self._passwords = passwords
        self._authz = authz
        self._notices = notices

    async def add(self, request: CreateUser) -> User:
        """Make a person, with a role on the platform if one is named. Raises AlreadyThere, UnknownReference."""
        _check_role(request.platform_role)
        user_id = new_id("usr")
        password_hash = await self._passwords.hash(request.password)
        async with self._db.unscoped() as tx:
            user = await users.add(tx, user_id, request.email, request.name, password_hash)
            if request.platform_role is not None:
                await self._authz.bind(user_id, request.platform_role, None)
        return user

    async def change(self, user_id: str, request: ChangeUser) -> User:
        """Suspend or restore a person. Raises NotFound, UnknownReference."""
        if request.state not in STATES:
            problem = FieldProblem("/state", f"There is no state {request.state}.", f"States are: {', '.join(STATES)}.")
            raise UnknownReference("The person can't be changed so.", errors=(problem,))
        async with self._db.unscoped() as tx:
            user = await users.set_state(tx, user_id, request.state)
            if user is None:
                raise NotFound(user_id=user_id)
            kind = SUSPEND if request.state == "suspended" else RESTORE
            await self._notices.add(tx, kind, user_id, "suspended by an administrator")
        await self._notices.give()
        return user

    async def change_password(self, user_id: str, request: ChangePassword) -> None:
        """Set one's own password; every session ends. Raises WrongLogIn when the old one is not it."""
        async with self._db.unscoped() as tx:
            stored = await users.password_of(tx, user_id)
        if not await self._passwords.check(stored, request.old_password):
            raise WrongLogIn(user_id=user_id)
        fresh = await self._passwords.hash(request.new_password)
        async with self._db.unscoped() as tx:
            await users.set_password(tx, user_id, fresh)
            await self._notices.add(tx, SUBJECT, user_id, "password changed")
        await self._notices.give()


def _check_role(role: str | None) -> None:
    if role is None or (role in ROLES and ROLES[role].platform):
        return
    known = ", ".join(name for name, one in ROLES.items() if one.platform)
    problem = FieldProblem("/platform_role", f"{role} is no role on the platform.", f"Roles are: {known}.")
    raise UnknownReference("The person can't be made so.", errors=(problem,))
