"""Sealed values as rows."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from services.secrets.domain.sealing import Place, Sealed
from services.secrets.schema import sealed_value


async def get(tx: AsyncConnection, place: Place) -> Sealed | None:
    """Return what is sealed at a place."""
    row = (await tx.execute(select(sealed_value).where(_at(place)))).first()
    return _sealed(row) if row else None


async def exists(tx: AsyncConnection, place: Place) -> bool:
    """Tell whether something is sealed at a place."""
    return (await tx.execute(select(sealed_value.c.reference).where(_at(place)))).first() is not None


async def add(tx: AsyncConnection, place: Place, sealed: Sealed) -> None:
    """Put a value where there is none; one that another transaction put there first stays."""
    await tx.execute(upsert(sealed_value).values(_row(place, sealed)).on_conflict_do_nothing())


async def put(tx: AsyncConnection, place: Place, sealed: Sealed) -> None:
    """Put a value, in the place of what was there."""
    await tx.execute(delete(sealed_value).where(_at(place)))
    await tx.execute(insert(sealed_value).values(_row(place, sealed)))


async def remove(tx: AsyncConnection, place: Place) -> None:
    """Remove the value of a place, if there is one."""
    await tx.execute(delete(sealed_value).where(_at(place)))


async def replace(tx: AsyncConnection, place: Place, sealed: Sealed) -> None:
    """Keep the value under another wrapped key."""
    changed = {"key_version": sealed.key_version, "wrapped_key": sealed.wrapped_key}
    await tx.execute(update(sealed_value).where(_at(place)).values(changed))


async def below(tx: AsyncConnection, owner: str, prefix: str) -> list[tuple[Place, Sealed]]:
    """Return all values whose reference begins with ``prefix``."""
    rows = await tx.execute(select(sealed_value).where(_below(owner, prefix)))
    return [(_place(row), _sealed(row)) for row in rows]


async def remove_below(tx: AsyncConnection, owner: str, prefix: str) -> None:
    """Remove all values whose reference begins with ``prefix``."""
    await tx.execute(delete(sealed_value).where(_below(owner, prefix)))


async def versions(tx: AsyncConnection) -> frozenset[int]:
    """Return the versions of master keys that values are under."""
    return frozenset((await tx.execute(select(sealed_value.c.key_version).distinct())).scalars())


async def under_other_versions(
    tx: AsyncConnection, newest: int, openable: Collection[int], limit: int
) -> list[tuple[Place, Sealed]]:
    """Lock and return some values that are under another master key than the newest, and can be opened."""
    older = [version for version in openable if version != newest]
    query = select(sealed_value).where(sealed_value.c.key_version.in_(older)).limit(limit)
    rows = await tx.execute(query.with_for_update(skip_locked=True))
    return [(_place(row), _sealed(row)) for row in rows]


def _at(place: Place) -> ColumnElement[bool]:
    return (
        (sealed_value.c.owner == place.owner)
        & (sealed_value.c.reference == place.reference)
        & (sealed_value.c.project_id == place.project_id)
    )


def _below(owner: str, prefix: str) -> ColumnElement[bool]:
    return (sealed_value.c.owner == owner) & sealed_value.c.reference.startswith(prefix, autoescape=True)


def _row(place: Place, sealed: Sealed) -> dict[str, Any]:
    return {
        "owner": place.owner,
        "reference": place.reference,
        "project_id": place.project_id,
        "key_version": sealed.key_version,
        "wrapped_key": sealed.wrapped_key,
        "ciphertext": sealed.ciphertext,
    }


def _place(row: Row[Any]) -> Place:
    return Place(row.project_id, row.owner, row.reference)


def _sealed(row: Row[Any]) -> Sealed:
    return Sealed(row.key_version, bytes(row.wrapped_key), bytes(row.ciphertext))
