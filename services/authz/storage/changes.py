"""Tell all processes of authz what changed, in the transaction of the change (LISTEN/NOTIFY)."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

CHANNEL = "cloudpoint_authz"
REVOCATIONS = "revocations"
"""The payload that says that a revocation was added; any other is the subject whose holdings changed."""


async def tell(tx: AsyncConnection, payload: str) -> None:
    """Have every process hear ``payload`` when the transaction commits."""
    await tx.execute(text("SELECT pg_notify(:channel, :payload)"), {"channel": CHANNEL, "payload": payload})


async def one_at_a_time(tx: AsyncConnection, purpose: str) -> None:
    """Let only one transaction with this purpose go on at a time, until it ends."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(hashtext(:purpose))"), {"purpose": f"authz {purpose}"})
