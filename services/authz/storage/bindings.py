"""Who holds which role."""

from typing import Any

from sqlalchemy import Row, delete, func, literal, null, select, union_all
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.authz.domain.holdings import Holdings
from services.authz.schema import platform_binding, project_binding, suspension
from services.chassis.db import Keyset, Page
from services.contracts.authz import Binding


async def holdings_of(tx: AsyncConnection, subject: str) -> Holdings:
    """Return all that one subject holds; in a transaction that sees all projects."""
    mine = select(project_binding.c.project_id, project_binding.c.role).where(project_binding.c.subject == subject)
    projects = {row.project_id: row.role for row in await tx.execute(mine)}
    platform = select(platform_binding.c.role).where(platform_binding.c.subject == subject)
    suspended = select(suspension.c.reason).where(suspension.c.subject == subject)
    return Holdings(
        subject,
        projects,
        (await tx.execute(platform)).scalar_one_or_none(),
        (await tx.execute(suspended)).scalar_one_or_none(),
    )


async def role_of(tx: AsyncConnection, subject: str, project_id: str | None) -> str | None:
    """Return the role that is set for one subject on one project, or on the platform."""
    table = project_binding if project_id else platform_binding
    query = select(table.c.role).where(table.c.subject == subject)
    if project_id:
        query = query.where(table.c.project_id == project_id)
    return (await tx.execute(query)).scalar_one_or_none()


async def put(tx: AsyncConnection, binding: Binding) -> None:
    """Set the one role of a subject on a project, or on the platform."""
    if binding.project_id is None:
        query = insert(platform_binding).values(subject=binding.subject, role=binding.role)
        await tx.execute(query.on_conflict_do_update(index_elements=["subject"], set_={"role": binding.role}))
        return
    query = insert(project_binding).values(subject=binding.subject, project_id=binding.project_id, role=binding.role)
    await tx.execute(query.on_conflict_do_update(index_elements=["subject", "project_id"], set_={"role": binding.role}))


async def remove(tx: AsyncConnection, subject: str, project_id: str | None) -> None:
    """Take a subject's role on a project, or on the platform."""
    table = project_binding if project_id else platform_binding
    query = delete(table).where(table.c.subject == subject)
    await tx.execute(query.where(table.c.project_id == project_id) if project_id else query)


async def managers_beside(tx: AsyncConnection, project_id: str, subject: str) -> int:
    """Return how many managers a project has, ``subject`` not counted."""
    query = select(func.count()).where(
        project_binding.c.project_id == project_id,
        project_binding.c.role == "manager",
        project_binding.c.subject != subject,
    )
    return int((await tx.execute(query)).scalar_one())


async def found(tx: AsyncConnection, subject: str | None, project_id: str | None) -> list[Binding]:
    """Return the bindings of a subject, of a project, or of both, in order of subject."""
    rows = (await tx.execute(_all(subject, project_id))).all()
    return sorted((_binding(row) for row in rows), key=lambda one: (one.subject, one.project_id or ""))


async def page(
    tx: AsyncConnection, subject: str | None, project_id: str | None, limit: int, cursor: str | None
) -> tuple[list[Binding], str | None]:
    """Return one page of the bindings, by subject and project."""
    every = _all(subject, project_id).subquery()
    order = Keyset((every.c.subject, "asc"), (every.c.place, "asc"))
    got: Page = await order.fetch(tx, select(every), limit=limit, cursor=cursor)
    return [_binding(row) for row in got.rows], got.next_cursor


def _all(subject: str | None, project_id: str | None) -> Any:
    projects = select(
        project_binding.c.subject,
        project_binding.c.role,
        project_binding.c.project_id,
        project_binding.c.project_id.label("place"),
    )
    platform = select(
        platform_binding.c.subject, platform_binding.c.role, null().label("project_id"), literal("").label("place")
    )
    if subject:
        projects = projects.where(project_binding.c.subject == subject)
        platform = platform.where(platform_binding.c.subject == subject)
    if project_id:
        return projects.where(project_binding.c.project_id == project_id)
    return union_all(projects, platform)


def _binding(row: Row[Any]) -> Binding:
    return Binding(row.subject, row.role, row.project_id)
