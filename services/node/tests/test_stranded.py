"""A node whose tear-down failed and which Nova let go of comes back by itself."""

import asyncio

import pytest

from lab.simcloud.knobs.client import Knobs
from lab.simcloud.tests.running import enrol, wait_node
from services.chassis.testing.waiting import until
from services.node.domain.stranded import Stranded
from services.node.domain.watch import Watch
from services.node.tests.machines import machine


@pytest.mark.parametrize(
    ("fields", "stranded"),
    [
        ({"state": "error"}, True),
        ({"state": "error", "instance_id": "a-server"}, False),
        ({"state": "error", "maintenance": True}, False),
        ({"state": "deploy failed"}, False),
        ({}, False),
    ],
)
def test_a_node_is_taken_up_after_our_patience_and_again_after_as_long(fields, stranded):
    now = [0.0]
    waiting, seen = Stranded(60.0, lambda: now[0]), [machine(1, **fields), machine(2)]
    told = []
    for now[0] in (0.0, 60.0, 61.0, 62.0, 121.0, 122.0):
        told.append([node.name for node in waiting.due(seen)])
    assert told == ([[], [], ["bm-0001"], [], [], ["bm-0001"]] if stranded else [[]] * 6)


def test_patience_begins_anew_for_one_that_was_taken_up_meanwhile():
    now = [0.0]
    waiting = Stranded(60.0, lambda: now[0])
    for now[0], state in ((0.0, "error"), (50.0, "deleting"), (61.0, "error"), (121.0, "error")):
        assert not waiting.due([machine(1, state=state)])


async def test_it_is_available_again(node, system, cloud):
    stray = enrol(system, "stray", resource_class="other")
    system.baremetal.set_node_provision_state(stray, "active")
    wait_node(system, stray.id, "active")
    with Knobs(cloud.state) as knobs:
        knobs.on_work("node", "fail", name="stray", state="deleting", times=1, reason="The BMC hangs.")
        system.baremetal.set_node_provision_state(stray, "deleted")
        wait_node(system, stray.id, "error")
    context = node.context
    watch = Watch(context.db, context.ironic, "alpha", 0.05, Stranded(0.2))
    task = asyncio.create_task(watch.run())
    try:
        await until(lambda: system.baremetal.get_node(stray.id).provision_state == "available", 20)
    finally:
        task.cancel()
    system.baremetal.delete_node(stray)
