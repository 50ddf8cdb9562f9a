"""Who belongs to a project. The roles live in authz; identity knows the people."""

from services.chassis import outbox
from services.chassis.bus import new_event
from services.chassis.db import Database
from services.chassis.errors import FieldProblem, NotFound
from services.contracts.identity import Member, SetMember
from services.contracts.permissions import ROLES
from services.identity.adapters.authz import Authz
from services.identity.exceptions import UnknownReference
from services.identity.storage import projects, users


class Members:
    """The members of all projects; a person is named by id or by e-mail address."""

    def __init__(self, db: Database, authz: Authz) -> None:
        self._db = db
        self._authz = authz

    async def of(self, project_id: str) -> list[Member]:
        """Return the members of a project, by e-mail address. Raises NotFound."""
        await self._check_project(project_id)
        roles = {one.subject: one.role for one in await self._authz.bindings_of_project(project_id)}
        async with self._db.unscoped() as tx:
            people = await users.by_ids(tx, roles)
        return [Member(user_id=one.id, email=one.email, name=one.name, role=roles[one.id]) for one in people]

    async def get(self, project_id: str, person: str) -> Member:
        """Return one member. Raises NotFound."""
        found = [one for one in await self.of(project_id) if person in (one.user_id, one.email)]
        if not found:
            raise NotFound(project_id=project_id, person=person)
        return found[0]

    async def set(self, project_id: str, person: str, request: SetMember) -> Member:
        """Give a person their one role in a project. Raises NotFound, UnknownReference; authz: last-manager."""
        _check_role(request.role)
        await self._check_project(project_id)
        async with self._db.unscoped() as tx:
            user = await users.find(tx, person)
        if user is None:
            raise NotFound(person=person)
        await self._authz.bind(user.id, request.role, project_id)
        await self._tell("member.set", project_id, user.id, {"role": request.role})
        return Member(user_id=user.id, email=user.email, name=user.name, role=request.role)

    async def remove(self, project_id: str, person: str) -> None:
        """Take a person out of a project; may be repeated. Raises NotFound; authz: last-manager."""
        await self._check_project(project_id)
        async with self._db.unscoped() as tx:
            user = await users.find(tx, person)
        if user is None:
            raise NotFound(person=person)
        await self._authz.unbind(user.id, project_id)
        await self._tell("member.removed", project_id, user.id, {})

    async def _check_project(self, project_id: str) -> None:
        async with self._db.unscoped() as tx:
            if await projects.get(tx, project_id) is None:
                raise NotFound(project_id=project_id)

    async def _tell(self, kind: str, project_id: str, user_id: str, data: dict[str, str]) -> None:
        event = new_event(f"identity.{kind}", source="identity", subject=user_id, project_id=project_id, data=data)
        async with self._db.unscoped() as tx:
            await outbox.add(tx, event)


def _check_role(role: str) -> None:
    if role in ROLES and not ROLES[role].platform:
        return
    known = ", ".join(name for name, one in ROLES.items() if not one.platform)
    problem = FieldProblem("/role", f"{role} is no role in a project.", f"Roles are: {known}.")
    raise UnknownReference("The member can't be set so.", errors=(problem,))
