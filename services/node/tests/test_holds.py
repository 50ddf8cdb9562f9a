"""Holds: never more than there is, whoever asks at once; kept, drawn on, run out, given back."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from services.contracts.node import HoldItem, HoldRequest
from services.node.domain import capacity
from services.node.exceptions import NotEnoughMachines
from services.node.schema import allocations, hold_items, holds, nodes
from services.node.storage.holds import allocate, draw, get_hold, release
from services.node.storage.nodes import replace_nodes
from services.node.tests.conftest import OTHER_PROJECT, PROJECT
from services.node.tests.machines import machine


@pytest.fixture
async def floor(db):
    """Ten free machines; returns what makes the copy of Ironic look as the given nodes."""

    async def look(*nodes):
        async with db.unscoped() as tx:
            await replace_nodes(tx, "alpha", list(nodes), datetime.now(UTC))

    await look(*[machine(number) for number in range(10)])
    return look


def request(cluster: str, count: int, **fields) -> HoldRequest:
    project = fields.pop("project", PROJECT)
    items = [HoldItem("bm.general", count)]
    return HoldRequest(project_id=project, cluster_id=cluster, cloud_id="alpha", items=items, **fields)


async def hold(db, *arguments, **fields):
    async with db.all_projects(purpose="test") as tx:
        return await capacity.hold(tx, request(*arguments, **fields))


async def unheld(db) -> int:
    async with db.all_projects(purpose="test") as tx:
        (item,) = (await capacity.report(tx)).items
    return item.unheld


async def test_holds_that_come_at_once_never_overbook(db, floor):
    asked = [hold(db, f"clu_{n}", 3, project=(PROJECT, OTHER_PROJECT)[n % 2]) for n in range(8)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, NotEnoughMachines)]
    assert len(refused) == 5 and "3 machines of class bm.general are needed, 1 are free." in refused[0].detail
    assert await unheld(db) == 1


async def test_the_same_cluster_again_changes_nothing(db, floor):
    first, second = await asyncio.gather(hold(db, "clu_1", 4), hold(db, "clu_1", 4))
    assert first == second and await unheld(db) == 6


async def test_a_hold_that_ran_out_keeps_nothing_back_and_is_made_anew(db, floor):
    old = await hold(db, "clu_1", 8)
    async with db.project(PROJECT) as tx:
        await tx.execute(update(holds).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    assert await unheld(db) == 10
    await hold(db, "clu_2", 5)
    with pytest.raises(NotEnoughMachines):
        await hold(db, "clu_1", 8)
    new = await hold(db, "clu_1", 5)
    assert new.id != old.id and await unheld(db) == 0


async def test_a_machine_that_is_being_deployed_for_a_hold_counts_once(db, floor):
    await hold(db, "clu_1", 4)
    placed = [machine(n, state="deploying", instance_id=f"srv-{n}") for n in range(2)]
    await floor(*placed, *[machine(number) for number in range(2, 10)])
    assert await unheld(db) == 4
    async with db.project(PROJECT) as tx:
        ids = {row.name: row.id for row in await tx.execute(select(nodes))}
        await draw(tx, "clu_1", PROJECT, {f"srv-{n}": ids[f"bm-{n:04}"] for n in range(2)})
    assert await unheld(db) == 6
    await floor(*[machine(number) for number in range(10)])
    assert await unheld(db) == 6


async def test_an_allocation_names_the_servers_of_now_and_ends_the_hold(db, floor):
    await hold(db, "clu_1", 2)
    async with db.project(PROJECT) as tx:
        await allocate(tx, "clu_1", PROJECT, {"srv-1": "nod_1", "srv-2": "nod_2"})
        await allocate(tx, "clu_1", PROJECT, {"srv-1": "nod_1", "srv-3": "nod_3"})
        assert set((await tx.execute(select(allocations.c.server_id))).scalars()) == {"srv-1", "srv-3"}
        assert (await get_hold(tx, "clu_1")).state == "allocated"
    assert await unheld(db) == 10


async def test_a_release_forgets_all_and_can_be_repeated(db, floor):
    await hold(db, "clu_1", 2)
    async with db.project(PROJECT) as tx:
        await allocate(tx, "clu_1", PROJECT, {"srv-1": "nod_1"})
        await release(tx, "clu_1")
        await release(tx, "clu_1")
        for table in (holds, hold_items, allocations):
            assert (await tx.execute(select(func.count()).select_from(table))).scalar_one() == 0


async def test_another_project_neither_sees_nor_releases_a_hold(db, floor):
    await hold(db, "clu_1", 2)
    async with db.project(OTHER_PROJECT) as tx:
        assert await get_hold(tx, "clu_1") is None
        await release(tx, "clu_1")
    assert await unheld(db) == 8


async def test_machines_in_maintenance_or_of_another_class_are_not_free(db, floor):
    await floor(machine(0, maintenance=True), machine(1, resource_class="bm.gpu"), machine(2))
    with pytest.raises(NotEnoughMachines, match=r"2 machines of class bm.general are needed, 1 are free"):
        await hold(db, "clu_1", 2)
