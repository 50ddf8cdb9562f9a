"""API tokens as rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.identity import ApiToken, CreateApiToken
from services.identity.schema import api_token


@dataclass(frozen=True)
class StoredToken:
    """What is known of a token."""

    id: str
    user_id: str
    digest: bytes
    projects: list[str] | None
    role: str | None
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


async def add(
    tx: AsyncConnection,
    token_id: str,
    user_id: str,
    request: CreateApiToken,
    digest: bytes,
    expires_at: datetime | None,
) -> None:
    """Add a token."""
    await tx.execute(
        insert(api_token).values(
            id=token_id,
            user_id=user_id,
            name=request.name,
            digest=digest,
            projects=request.projects,
            role=request.role,
            expires_at=expires_at,
        )
    )


async def count(tx: AsyncConnection, user_id: str) -> int:
    """Return how many tokens a person has that are not revoked."""
    query = select(func.count()).where(api_token.c.user_id == user_id, api_token.c.revoked_at.is_(None))
    return int((await tx.execute(query)).scalar_one())


async def of(tx: AsyncConnection, user_id: str) -> list[ApiToken]:
    """Return the tokens of a person that are not revoked, the newest first."""
    mine = select(api_token).where(api_token.c.user_id == user_id, api_token.c.revoked_at.is_(None))
    return [_shown(row) for row in await tx.execute(mine.order_by(api_token.c.id.desc()))]


async def stored(tx: AsyncConnection, token_id: str) -> StoredToken | None:
    """Return what is known of a token."""
    row = (await tx.execute(select(api_token).where(api_token.c.id == token_id))).first()
    if row is None:
        return None
    return StoredToken(
        row.id,
        row.user_id,
        bytes(row.digest),
        row.projects,
        row.role,
        row.expires_at,
        row.last_used_at,
        row.revoked_at,
    )


async def used(tx: AsyncConnection, token_id: str) -> None:
    """Write down that a token is used now."""
    await tx.execute(update(api_token).where(api_token.c.id == token_id).values(last_used_at=func.now()))


async def revoke(tx: AsyncConnection, user_id: str, token_id: str) -> bool:
    """Revoke a token; False when the person has no such token."""
    query = update(api_token).where(api_token.c.id == token_id, api_token.c.user_id == user_id)
    revoked = query.values(revoked_at=func.coalesce(api_token.c.revoked_at, func.now())).returning(api_token.c.id)
    return (await tx.execute(revoked)).first() is not None


def _shown(row: Row[Any]) -> ApiToken:
    return ApiToken(
        id=row.id,
        name=row.name,
        projects=row.projects,
        role=row.role,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
    )
