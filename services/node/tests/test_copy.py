"""The copy of Ironic's nodes: in line with what was seen, told when it changes, read page by page."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from services.chassis.outbox.tables import OUTBOX
from services.node.storage.nodes import get_node, page_of_nodes, replace_nodes, seen_at
from services.node.tests.machines import machine


@pytest.fixture
def look(db):
    async def replace(*nodes, at=None):
        async with db.unscoped() as tx:
            await replace_nodes(tx, "alpha", list(nodes), at or datetime.now(UTC))

    return replace


@pytest.fixture
def told(db):
    async def states():
        async with db.unscoped() as tx:
            bodies = (await tx.execute(select(OUTBOX.c.body).order_by(OUTBOX.c.position))).scalars()
            data = [json.loads(body)["data"] for body in bodies]
        return [(one["name"], one["state"]) for one in data]

    return states


async def test_each_change_is_told_once(look, told):
    await look(machine(1), machine(2))
    await look(machine(1), machine(2, state="deploying"))
    await look(machine(1), machine(2, state="deploying"))
    await look(machine(2, state="deploying"))
    assert await told() == [
        ("bm-0001", "available"),
        ("bm-0002", "available"),
        ("bm-0002", "deploying"),
        ("bm-0001", "gone"),
    ]


async def test_a_node_keeps_its_id_and_is_gone_when_ironic_has_it_no_more(db, look):
    await look(machine(1))
    async with db.all_projects(purpose="test") as tx:
        before = await get_node(tx, "bm-0001")
    await look(machine(1, name="renamed"))
    async with db.all_projects(purpose="test") as tx:
        assert (await get_node(tx, before.id)).name == "renamed"
    await look()
    async with db.all_projects(purpose="test") as tx:
        assert await get_node(tx, before.id) is None


async def test_a_look_that_began_earlier_undoes_nothing(db, look, told):
    begun = datetime.now(UTC)
    await look(machine(1, maintenance=True), at=begun + timedelta(seconds=1))
    await look(machine(1), machine(2), at=begun)
    async with db.all_projects(purpose="test") as tx:
        assert (await get_node(tx, "bm-0001")).maintenance and await get_node(tx, "bm-0002") is None


async def test_the_copy_says_how_old_it_is(db, look):
    at = datetime.now(UTC) - timedelta(minutes=5)
    await look(machine(1), at=at)
    async with db.unscoped() as tx:
        assert await seen_at(tx) == at


async def test_a_thousand_nodes_are_read_page_by_page(db, look):
    await look(*[machine(n, power="power on" if n % 4 == 0 else "power off") for n in range(1000)])
    names, cursor = [], None
    while True:
        page, cursor = await page_of_nodes(db, limit=128, cursor=cursor, filters={"power": "power on"})
        names += [node.name for node in page]
        if cursor is None:
            break
    assert names == [f"bm-{n:04}" for n in range(0, 1000, 4)]


async def test_a_name_that_two_clouds_have_names_none(db, look):
    await look(machine(1))
    async with db.unscoped() as tx:
        await replace_nodes(tx, "beta", [machine(1, cloud_id="beta")], datetime.now(UTC))
    async with db.all_projects(purpose="test") as tx:
        assert await get_node(tx, "bm-0001") is None
