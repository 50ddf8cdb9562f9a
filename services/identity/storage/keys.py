"""SSH keys as rows."""

from typing import Any

from sqlalchemy import Row, delete, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.identity import SshKey
from services.identity.exceptions import AlreadyThere
from services.identity.schema import ssh_key


async def add(tx: AsyncConnection, key_id: str, user_id: str, name: str, public_key: str, fingerprint: str) -> SshKey:
    """Add a key. Raises AlreadyThere."""
    values = {"id": key_id, "user_id": user_id, "name": name, "public_key": public_key, "fingerprint": fingerprint}
    try:
        row = (await tx.execute(insert(ssh_key).values(values).returning(ssh_key))).one()
    except IntegrityError as error:
        raise AlreadyThere(f"You have the key {fingerprint} already.") from error
    return _key(row)


async def count(tx: AsyncConnection, user_id: str) -> int:
    """Return how many keys a person has."""
    return int((await tx.execute(select(func.count()).where(ssh_key.c.user_id == user_id))).scalar_one())


async def of(tx: AsyncConnection, user_id: str) -> list[SshKey]:
    """Return the keys of a person, the newest first."""
    mine = select(ssh_key).where(ssh_key.c.user_id == user_id).order_by(ssh_key.c.id.desc())
    return [_key(row) for row in await tx.execute(mine)]


async def remove(tx: AsyncConnection, user_id: str, key_id: str) -> bool:
    """Remove a key; False when the person has no such key."""
    mine = (ssh_key.c.id == key_id) & (ssh_key.c.user_id == user_id)
    return (await tx.execute(delete(ssh_key).where(mine).returning(ssh_key.c.id))).first() is not None


def _key(row: Row[Any]) -> SshKey:
    return SshKey(
        id=row.id,
        name=row.name,
        public_key=row.public_key,
        fingerprint=row.fingerprint,
        created_at=row.created_at,
    )
