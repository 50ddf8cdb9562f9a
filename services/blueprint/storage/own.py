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
from services.blueprint.storage.kinds import Head, Kind, V, head_of
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


async def heads(tx: AsyncConnection, kind: Kind[Any], name: str | None = None) -> list[Head]:
    """Return the heads of the versions that the transaction sees, of all names or of one."""
    table = own_versions.c
    columns = (table.name, table.version, table.digest, table.published_at, table.head, table.project_id)
    query = select(*columns, own_names.c.shared).join(own_names, _OF_ONE_NAME).where(table.kind == kind.name)
    rows = await tx.execute(query.where(table.name == name) if name else query)
    return [
        Head(row.name, row.version, row.digest, row.published_at, **row.head, owner=row.project_id, shared=row.shared)
        for row in rows
    ]


async def versions(tx: AsyncConnection, kind: Kind[V], owner: str | None = None) -> list[V]:
    """Return all versions that the transaction sees whole, or those of one owner."""
    table = own_versions.c
    columns = (table.project_id, table.document, own_names.c.shared)
    query = select(*columns).join(own_names, _OF_ONE_NAME).where(table.kind == kind.name)
    rows = await tx.execute(query.where(table.project_id == owner) if owner else query)
    return [_whole(kind, row) for row in rows]


async def version(tx: AsyncConnection, kind: Kind[V], owner: str, name: str, version: str) -> V | None:
    """Return one version that the transaction sees whole."""
    table = own_versions.c
    columns = (table.project_id, table.document, own_names.c.shared)
    mine = (table.kind == kind.name, table.project_id == owner, table.name == name, table.version == version)
    row = (await tx.execute(select(*columns).join(own_names, _OF_ONE_NAME).where(*mine))).first()
    return None if row is None else _whole(kind, row)


async def content(
    tx: AsyncConnection, kind: Kind[Any], owner: str, name: str, version: str, column: str
) -> bytes | None:
    """Return the ``archive`` or ``folder`` of a version that the transaction sees."""
    table = own_versions.c
    mine = (table.project_id == owner, table.kind == kind.name, table.name == name, table.version == version)
    found: bytes | None = (await tx.execute(select(table[column]).where(*mine))).scalar_one_or_none()
    return found


async def room_taken(tx: AsyncConnection, kind: Kind[Any], project_id: str) -> tuple[int, int]:
    """Return how many versions of a kind a project has, and the bytes of all that it has of both kinds."""
    table = own_versions.c
    size = func.coalesce(func.sum(func.length(table.folder) + func.length(table.archive)), 0)
    counted = func.count().filter(table.kind == kind.name)
    row = (await tx.execute(select(counted, size).where(table.project_id == project_id))).one()
    return int(row[0]), int(row[1])


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
        "head": head_of(version, project_id),
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


def _whole(kind: Kind[V], row: Any) -> V:
    return msgspec.convert({**row.document, "owner": row.project_id, "shared": row.shared}, kind.type)
