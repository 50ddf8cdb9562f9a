"""Plans are written once and never changed."""

import msgspec
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cluster.schema import plans
from services.contracts.cluster import Plan


async def add_plan(tx: AsyncConnection, plan: Plan) -> None:
    """Keep a plan."""
    row = {"id": plan.id, "project_id": plan.project_id, "hash": plan.hash, "created_at": plan.created_at}
    await tx.execute(insert(plans).values(document=msgspec.to_builtins(plan), **row))


async def get_plan(tx: AsyncConnection, plan_id: str) -> Plan | None:
    """Return a plan, or None if it is not there or not in the transaction's projects."""
    row = (await tx.execute(select(plans.c.document).where(plans.c.id == plan_id))).scalar_one_or_none()
    return msgspec.convert(row, Plan) if row else None
