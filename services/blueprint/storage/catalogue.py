"""The catalogue's versions."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import cast, func, insert, select, update
from sqlalchemy.dialects.postgresql import JSONPATH
from sqlalchemy.ext.asyncio import AsyncConnection

from services.blueprint.storage.kinds import Head, Kind, V
from services.contracts.blueprint import BlueprintVersion


async def add(
    tx: AsyncConnection, kind: Kind[V], version: V, archive: bytes, folder: bytes, published_at: datetime
) -> None:
    """Publish a version, with the archive that runs need and its folder as one."""
    row: dict[str, Any] = {key: getattr(version, key) for key in ("name", "version", "digest")}
    if isinstance(version, BlueprintVersion):
        row["id"] = version.id
    row |= {"archive": archive, "folder": folder, "published_at": published_at}
    await tx.execute(insert(kind.catalogue).values(document=msgspec.to_builtins(version), **row))


async def keep(tx: AsyncConnection, kind: Kind[V], version: V, archive: bytes, folder: bytes) -> None:
    """Add what a version that was published by an earlier release lacks; what is there stays."""
    table = kind.catalogue
    mine = (table.c.name == version.name, table.c.version == version.version)
    for column, content in ((table.c.archive, archive), (table.c.folder, folder)):
        await tx.execute(update(table).where(*mine, column.is_(None)).values({column.name: content}))


async def heads(tx: AsyncConnection, kind: Kind[Any], name: str | None = None) -> list[Head]:
    """Return the heads of all versions of all names, or of one."""
    table = kind.catalogue
    roles = func.jsonb_path_query_array(table.c.document, cast("$.roles[*].name", JSONPATH))
    shown = (table.c.document["summary"].astext, table.c.document["icon"].astext, roles)
    query = select(table.c.name, table.c.version, table.c.digest, table.c.published_at, *shown)
    rows = await tx.execute(query.where(table.c.name == name) if name else query)
    return [Head(*row, own_elements=[]) for row in rows]


async def versions(tx: AsyncConnection, kind: Kind[V]) -> list[V]:
    """Return all versions whole."""
    rows = await tx.execute(select(kind.catalogue.c.document))
    return [msgspec.convert(document, kind.type) for document in rows.scalars()]


async def version(tx: AsyncConnection, kind: Kind[V], name: str, version: str) -> V | None:
    """Return one version whole."""
    table = kind.catalogue
    query = select(table.c.document).where(table.c.name == name, table.c.version == version)
    document = (await tx.execute(query)).scalar_one_or_none()
    return None if document is None else msgspec.convert(document, kind.type)


async def has(tx: AsyncConnection, kind: Kind[Any], names: Collection[str]) -> set[str]:
    """Return those of ``names`` that the catalogue has."""
    column = kind.catalogue.c.name
    return set((await tx.execute(select(column).where(column.in_(names)))).scalars())


async def content(tx: AsyncConnection, kind: Kind[Any], name: str, version: str, column: str) -> bytes | None:
    """Return the ``archive`` or ``folder`` of a version; None if it has none."""
    table = kind.catalogue
    query = select(table.c[column]).where(table.c.name == name, table.c.version == version)
    found: bytes | None = (await tx.execute(query)).scalar_one_or_none()
    return found
