"""Change who holds what: each change is checked, recorded and heard of by every process at once."""

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from services.authz.domain.audit_chain import Entry
from services.authz.domain.holdings import permissions_of
from services.authz.exceptions import LastManager, UnknownRole
from services.authz.storage import audit, bindings, changes, revocations, suspensions
from services.authz.storage.holdings_cache import HoldingsCache
from services.chassis import outbox
from services.chassis.auth.revocation import Revocation, Revocations
from services.chassis.auth.revocation_sync import EVENT
from services.chassis.bus import new_event
from services.chassis.db import Database
from services.contracts.authz import Binding, RevocationRequest
from services.contracts.permissions import ROLES

_MANAGER = "manager"
BOUND = "authz.bound"
"""A subject got a role: the doors ask for its passes anew."""


class Administration:
    """Bindings, suspensions and revocations. ``by`` is the chain of services that asked, the nearest last."""

    def __init__(self, db: Database, holdings: HoldingsCache, known: Revocations) -> None:
        self._db = db
        self._holdings = holdings
        self._known = known

    async def bind(self, binding: Binding, by: tuple[str, ...]) -> None:
        """Set the one role of a subject on a project, or on the platform. Raises UnknownRole, LastManager."""
        _check_role(binding)
        async with self._db.all_projects(purpose="set a binding") as tx:
            await self._keep_a_manager(tx, binding.subject, binding.project_id, binding.role)
            before = await bindings.role_of(tx, binding.subject, binding.project_id)
            if before == binding.role:
                return
            await bindings.put(tx, binding)
            data = {"role": binding.role, "before": before}
            await audit.append(tx, Entry("binding.set", binding.subject, binding.project_id, list(by), data))
            await changes.tell(tx, binding.subject)
            ended = await _end_passes(tx, binding.subject, before, binding.role)
            await outbox.add(tx, new_event(BOUND, source="authz", subject=binding.subject))
        self._heard(binding.subject, ended)

    async def unbind(self, subject: str, project_id: str | None, by: tuple[str, ...]) -> None:
        """Take a subject's role; nothing happens where there is none. Raises LastManager."""
        async with self._db.all_projects(purpose="remove a binding") as tx:
            await self._keep_a_manager(tx, subject, project_id, None)
            before = await bindings.role_of(tx, subject, project_id)
            if before is None:
                return
            await bindings.remove(tx, subject, project_id)
            await audit.append(tx, Entry("binding.removed", subject, project_id, list(by), {"before": before}))
            await changes.tell(tx, subject)
            ended = await _end_passes(tx, subject, before, None)
        self._heard(subject, ended)

    async def suspend(self, subject: str, reason: str, by: tuple[str, ...]) -> None:
        """Pass nothing for a subject any more, and revoke what it has."""
        async with self._db.unscoped() as tx:
            await suspensions.put(tx, subject, reason)
            made = await _revoke(tx, "subject", subject, reason)
            await audit.append(tx, Entry("subject.suspended", subject, None, list(by), {"reason": reason}))
            await changes.tell(tx, subject)
        self._heard(subject, made)

    async def restore(self, subject: str, by: tuple[str, ...]) -> None:
        """Lift a suspension; what was revoked stays revoked."""
        async with self._db.unscoped() as tx:
            if await suspensions.remove(tx, subject):
                await audit.append(tx, Entry("subject.restored", subject, None, list(by), {}))
                await changes.tell(tx, subject)
        self._holdings.forget(subject)

    async def revoke(self, request: RevocationRequest, by: tuple[str, ...]) -> Revocation:
        """Revoke what was issued until now."""
        async with self._db.unscoped() as tx:
            made = await _revoke(tx, request.kind, request.value, request.reason)
            data = {"kind": request.kind, "reason": request.reason, "number": made.number}
            await audit.append(tx, Entry("revoked", request.value, None, list(by), data))
        self._known.add(made)
        return made

    def _heard(self, subject: str, made: Revocation | None) -> None:
        """Know at once in this process what the others hear of."""
        self._holdings.forget(subject)
        if made is not None:
            self._known.add(made)

    async def _keep_a_manager(
        self, tx: AsyncConnection, subject: str, project_id: str | None, role: str | None
    ) -> None:
        """Refuse what would leave a project without its last manager; two changes of one project wait in line."""
        if project_id is None or role == _MANAGER:
            return
        await changes.one_at_a_time(tx, f"managers of {project_id}")
        if await bindings.role_of(tx, subject, project_id) != _MANAGER:
            return
        if await bindings.managers_beside(tx, project_id, subject) == 0:
            raise LastManager(f"{subject} is the last manager of {project_id}.", project_id=project_id)


async def _revoke(tx: AsyncConnection, kind: str, value: str, reason: str) -> Revocation:
    made = await revocations.add(tx, kind, value, reason)
    data = msgspec.to_builtins(made)
    await outbox.add(tx, new_event(EVENT, source="authz", subject=value, data=data))
    return made


async def _end_passes(tx: AsyncConnection, subject: str, before: str | None, after: str | None) -> Revocation | None:
    """End the passes (not the sessions) of a subject that loses a permission; streams end with them."""
    if permissions_of(before) <= permissions_of(after):
        return None
    return await _revoke(tx, "grants", subject, f"role {before} became {after}")


def _check_role(binding: Binding) -> None:
    role = ROLES.get(binding.role)
    if role is None:
        raise UnknownRole(f"There is no role {binding.role}.", hint=f"Roles are: {', '.join(ROLES)}.")
    if role.platform != (binding.project_id is None):
        where = "on the platform" if role.platform else "on a project"
        raise UnknownRole(f"The role {binding.role} is given {where} only.")
