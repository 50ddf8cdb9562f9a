"""Published versions."""

from typing import Any

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.blueprint.schema import blueprint_versions, element_versions
from services.contracts.blueprint import BlueprintVersion, ElementVersion


async def add_blueprint(tx: AsyncConnection, version: BlueprintVersion, archive: bytes) -> None:
    """Publish a version with the archive of what its checks need."""
    keys = ("id", "name", "version", "digest", "published_at")
    row = {key: getattr(version, key) for key in keys}
    document = msgspec.to_builtins(version)
    await tx.execute(insert(blueprint_versions).values(document=document, archive=archive, **row))


async def keep_checks(tx: AsyncConnection, name: str, version: str, archive: bytes) -> None:
    """Add the archive to a version that was published before archives were kept; one that is there stays."""
    mine = (blueprint_versions.c.name == name, blueprint_versions.c.version == version)
    change = update(blueprint_versions).where(*mine, blueprint_versions.c.archive.is_(None))
    await tx.execute(change.values(archive=archive))


async def checks_of(tx: AsyncConnection, name: str, version: str) -> bytes | None:
    """Return the archive of what the checks of one version of a blueprint need."""
    query = select(blueprint_versions.c.archive).where(
        blueprint_versions.c.name == name, blueprint_versions.c.version == version
    )
    found: bytes | None = (await tx.execute(query)).scalar_one_or_none()
    return found


async def add_element(tx: AsyncConnection, version: ElementVersion, archive: bytes, published_at: Any) -> None:
    """Publish a version with its archive."""
    row = {"name": version.name, "version": version.version, "digest": version.digest, "archive": archive}
    document = msgspec.to_builtins(version)
    await tx.execute(insert(element_versions).values(document=document, published_at=published_at, **row))


async def blueprints(tx: AsyncConnection, name: str | None = None) -> list[BlueprintVersion]:
    """Return all versions of all blueprints, or of one."""
    query = select(blueprint_versions.c.document)
    rows = await tx.execute(query.where(blueprint_versions.c.name == name) if name else query)
    return [msgspec.convert(document, BlueprintVersion) for document in rows.scalars()]


async def elements(tx: AsyncConnection, name: str | None = None) -> list[ElementVersion]:
    """Return all versions of all elements, or of one."""
    query = select(element_versions.c.document)
    rows = await tx.execute(query.where(element_versions.c.name == name) if name else query)
    return [msgspec.convert(document, ElementVersion) for document in rows.scalars()]


async def archive_of(tx: AsyncConnection, name: str, version: str) -> bytes | None:
    """Return the archive of one version of an element."""
    query = select(element_versions.c.archive).where(
        element_versions.c.name == name, element_versions.c.version == version
    )
    found: bytes | None = (await tx.execute(query)).scalar_one_or_none()
    return found
