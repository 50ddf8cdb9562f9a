"""What is free, and whether a hold fits."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.ids import new_id
from services.contracts.node import Capacity, CapacityReport, Hold, HoldRequest
from services.node.exceptions import NotEnoughMachines
from services.node.storage.holds import add_hold, get_hold, has_ended, held, lock_holds, release
from services.node.storage.nodes import counts, seen_at


async def report(tx: AsyncConnection) -> CapacityReport:
    """Return what was there, free and unheld when the clouds were last seen; ``tx`` must see all projects' holds."""
    taken = await held(tx)
    items = [_capacity(row, taken) for row in await counts(tx)]
    return CapacityReport(id=new_id("inv"), taken_at=await seen_at(tx) or datetime.now(UTC), items=items)


async def hold(tx: AsyncConnection, request: HoldRequest) -> Hold:
    """Hold machines for a cluster, or return the hold that it has; raises NotEnoughMachines with every shortage.

    A hold whose time has run out keeps nothing back: it is made anew, if there is room for it.
    """
    await lock_holds(tx)
    known = await get_hold(tx, request.cluster_id)
    if known and not has_ended(known):
        return known
    if known:
        await release(tx, request.cluster_id)
    unheld = {(item.cloud_id, item.resource_class): item.unheld for item in (await report(tx)).items}
    shortages = [
        f"{item.count} machines of class {item.resource_class} are needed, "
        f"{unheld.get((request.cloud_id, item.resource_class), 0)} are free."
        for item in request.items
        if item.count > unheld.get((request.cloud_id, item.resource_class), 0)
    ]
    if shortages:
        raise NotEnoughMachines(" ".join(shortages))
    return await add_hold(tx, request)


def _capacity(row: Row[Any], taken: dict[tuple[str, str], int]) -> Capacity:
    unheld = max(0, row.free - taken.get((row.cloud_id, row.resource_class), 0))
    return Capacity(
        cloud_id=row.cloud_id, resource_class=row.resource_class, total=row.total, free=row.free, unheld=unheld
    )
