"""Projects' own versions. What a transaction sees is its projects' own, and what its organisations share."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.blueprint.schema import ONE_SHARED_NAME, own_names, own_versions, project_organisations
from services.blueprint.storage.kinds import Kept, Kind, V
from services.chassis.auth.caller import Scope
from services.chassis.db import Database

_ORGANISATIONS = text("SELECT set_config('app.organisation_ids', :ids, true)")
_OF_ONE_NAME = (
    (own_names.c.project_id == own_versions.c.project_id)
    & (own_names.c.kind == own_versions.c.kind)
    & (own_names.c.name == own_versions.c.name)
)


class SharedAlready(Exception):
    """Another project of the organisation shares something of this kind and name."""


@asynccontextmanager
async def within(db: Database, scope: Scope, organisations: Collection[str] = ()) -> AsyncIterator[AsyncConnection]:
    """Open a transaction that sees the catalogue, the scope's own versions, and what ``organisations`` share."""
    some = db.project(*scope.projects) if scope.projects else db.unscoped()
    async with db.all_projects(purpose="look at all blueprints") if scope.everywhere else some as tx:
        await tx.execute(_ORGANISATIONS, {"ids": ",".join(organisations)})
        yield tx


async def versions(tx: AsyncConnection, kind: Kind[V], name: str | None = None) -> list[Kept[V]]:
    """Return the versions that the transaction sees, of all names or of one."""
    columns = (own_versions.c.project_id, own_versions.c.document, own_versions.c.published_at, own_names.c.shared)
    query = select(*columns).join(own_names, _OF_ONE_NAME).where(own_versions.c.kind == kind.name)
    rows = await tx.execute(query.where(own_versions.c.name == name) if name else query)
    return [_kept(kind, row) for row in rows]


async def content(
    tx: AsyncConnection, kind: Kind[Any], owner: str, name: str, version: str, column: str
) -> bytes | None:
    """Return the ``archive`` or ``folder`` of a version that the transaction sees."""
    table = own_versions.c
    mine = (table.project_id == owner, table.kind == kind.name, table.name == name, table.version == version)
    found: bytes | None = (await tx.execute(select(table[column]).where(*mine))).scalar_one_or_none()
    return found


async def count(tx: AsyncConnection, project_id: str) -> int:
    """Return how many versions a project has."""
    query = select(func.count()).select_from(own_versions).where(own_versions.c.project_id == project_id)
    return int((await tx.execute(query)).scalar_one())


async def add(
    tx: AsyncConnection,
    kind: Kind[V],
    version: V,
    *,
    project_id: str,
    organisation_id: str,
    archive: bytes,
    folder: bytes,
    published_at: datetime,
    published_by: str,
) -> bool:
    """Publish a version; False if there is one of this name and version already, which stays as it is."""
    place = {"project_id": project_id, "kind": kind.name, "name": version.name}
    await tx.execute(insert(own_names).values(organisation_id=organisation_id, **place).on_conflict_do_nothing())
    row = {
        **place,
        "version": version.version,
        "digest": version.digest,
        "document": msgspec.to_builtins(version),
        "archive": archive,
        "folder": folder,
        "published_at": published_at,
        "published_by": published_by,
    }
    made = insert(own_versions).values(row).on_conflict_do_nothing().returning(own_versions.c.version)
    return (await tx.execute(made)).first() is not None


async def share(tx: AsyncConnection, kind: Kind[Any], project_id: str, name: str, shared: bool) -> bool:
    """Share a name, or stop to; False if the project has none such. Raises SharedAlready."""
    mine = (own_names.c.project_id == project_id, own_names.c.kind == kind.name, own_names.c.name == name)
    try:
        changed = await tx.execute(update(own_names).where(*mine).values(shared=shared).returning(own_names.c.name))
        return changed.first() is not None
    except IntegrityError as error:
        if ONE_SHARED_NAME not in str(error.orig):
            raise
        raise SharedAlready from error


async def known_organisations(tx: AsyncConnection, projects: Collection[str]) -> dict[str, str]:
    """Return the organisation of each project that was asked about before."""
    table = project_organisations.c
    rows = await tx.execute(select(table.project_id, table.organisation_id).where(table.project_id.in_(projects)))
    return {row.project_id: row.organisation_id for row in rows}


async def know_organisations(tx: AsyncConnection, organisations: dict[str, str]) -> None:
    """Keep the organisations of projects."""
    rows = [{"project_id": project, "organisation_id": one} for project, one in organisations.items()]
    if rows:
        await tx.execute(insert(project_organisations).values(rows).on_conflict_do_nothing())


def _kept(kind: Kind[V], row: Any) -> Kept[V]:
    version = msgspec.convert({**row.document, "owner": row.project_id, "shared": row.shared}, kind.type)
    return Kept(version, row.published_at)
