"""Organisations and projects as rows."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.auth.caller import Scope
from services.chassis.db import Keyset
from services.contracts.identity import Organisation, Project
from services.identity.exceptions import AlreadyThere
from services.identity.schema import organisation, project

_NEWEST = Keyset((project.c.created_at, "desc"), (project.c.id, "desc"))
_NEWEST_ORGANISATIONS = Keyset((organisation.c.created_at, "desc"), (organisation.c.id, "desc"))


async def add_organisation(tx: AsyncConnection, organisation_id: str, name: str) -> Organisation:
    """Add an organisation. Raises AlreadyThere."""
    try:
        query = insert(organisation).values(id=organisation_id, name=name).returning(organisation)
        return _organisation((await tx.execute(query)).one())
    except IntegrityError as error:
        raise AlreadyThere(f"There is an organisation named {name}.") from error


async def find_organisation(tx: AsyncConnection, id_or_name: str) -> Organisation | None:
    """Return an organisation by id or name."""
    named = (organisation.c.id == id_or_name) | (organisation.c.name == id_or_name)
    row = (await tx.execute(select(organisation).where(named))).first()
    return _organisation(row) if row else None


async def add(tx: AsyncConnection, project_id: str, organisation_id: str, name: str) -> Project:
    """Add a project. Raises AlreadyThere."""
    values = {"id": project_id, "organisation_id": organisation_id, "name": name}
    try:
        return _project((await tx.execute(insert(project).values(values).returning(project))).one())
    except IntegrityError as error:
        raise AlreadyThere(f"The organisation has a project named {name}.") from error


async def get(tx: AsyncConnection, project_id: str) -> Project | None:
    """Return one project."""
    row = (await tx.execute(select(project).where(project.c.id == project_id))).first()
    return _project(row) if row else None


async def organisations_of(tx: AsyncConnection, project_ids: Collection[str]) -> dict[str, str]:
    """Return the id of the organisation of each project that is there."""
    query = select(project.c.id, project.c.organisation_id).where(project.c.id.in_(project_ids))
    return {row.id: row.organisation_id for row in await tx.execute(query)}


async def page(tx: AsyncConnection, scope: Scope, limit: int, cursor: str | None) -> tuple[list[Project], str | None]:
    """Return one page of the projects in scope, the newest first."""
    query = select(project)
    if not scope.everywhere:
        query = query.where(project.c.id.in_(scope.projects))
    got = await _NEWEST.fetch(tx, query, limit=limit, cursor=cursor)
    return [_project(row) for row in got.rows], got.next_cursor


async def page_of_organisations(
    tx: AsyncConnection, scope: Scope, limit: int, cursor: str | None
) -> tuple[list[Organisation], str | None]:
    """Return one page of the organisations that have a project in scope, the newest first."""
    query = select(organisation)
    if not scope.everywhere:
        query = query.where(organisation.c.id.in_(_organisations_of(scope.projects)))
    got = await _NEWEST_ORGANISATIONS.fetch(tx, query, limit=limit, cursor=cursor)
    return [_organisation(row) for row in got.rows], got.next_cursor


def _organisations_of(project_ids: Collection[str]) -> Any:
    return select(project.c.organisation_id).where(project.c.id.in_(project_ids))


def _organisation(row: Row[Any]) -> Organisation:
    return Organisation(id=row.id, name=row.name, created_at=row.created_at)


def _project(row: Row[Any]) -> Project:
    return Project(id=row.id, organisation_id=row.organisation_id, name=row.name, created_at=row.created_at)
