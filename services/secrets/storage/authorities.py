"""SSH authorities of clusters, by their public half, and the certificates that they signed."""

from datetime import datetime

from sqlalchemy import delete, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.secrets import SignRequest
from services.secrets.schema import certificate, cluster_authority


async def public_key(tx: AsyncConnection, cluster_id: str) -> str | None:
    """Return the public half of a cluster's authority."""
    query = select(cluster_authority.c.public_key).where(cluster_authority.c.cluster_id == cluster_id)
    return (await tx.execute(query)).scalar_one_or_none()


async def add(tx: AsyncConnection, project_id: str, cluster_id: str, key: str) -> bool:
    """Add an authority; False when there is one already. Waits for another transaction that adds the same."""
    query = upsert(cluster_authority).values(cluster_id=cluster_id, project_id=project_id, public_key=key)
    added = query.on_conflict_do_nothing().returning(cluster_authority.c.cluster_id)
    return (await tx.execute(added)).scalar_one_or_none() is not None


async def remove(tx: AsyncConnection, cluster_id: str) -> None:
    """Remove an authority; the record of its certificates stays."""
    await tx.execute(delete(cluster_authority).where(cluster_authority.c.cluster_id == cluster_id))


async def next_serial(tx: AsyncConnection) -> int:
    """Return a number that no certificate has had."""
    return int((await tx.execute(text("SELECT nextval('certificate_serial')"))).scalar_one())


async def record_certificate(
    tx: AsyncConnection, serial: int, request: SignRequest, key_id: str, expires_at: datetime
) -> None:
    """Keep who had what signed."""
    await tx.execute(
        insert(certificate).values(
            serial=serial,
            project_id=request.project_id,
            cluster_id=request.cluster_id,
            operation_id=request.operation_id,
            key_id=key_id,
            expires_at=expires_at,
        )
    )
