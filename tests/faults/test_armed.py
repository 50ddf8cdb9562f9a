"""A fault happens once, where it was armed, and is seen to have happened; a gate opens when all are there."""

import asyncio

import pytest

from services.chassis.testing.waiting import until
from tests.faults.armed import Armed, Place
from tests.faults.gate import Gate

_PLACE = Place("cluster.build", "forward", "hold_capacity", "before", "PUT holds")
_REPLY = Place("cluster.build", "forward", "hold_capacity", "reply")


@pytest.fixture
def armed(tmp_path):
    return Armed(tmp_path)


def test_a_place_that_is_not_armed_is_passed(armed):
    assert armed.come_to(_PLACE) == ""
    assert armed.passed() == {_PLACE} and armed.fired() == set()


def test_a_fault_happens_once_at_its_place_only(armed):
    armed.arm(_PLACE, fault="time-out")
    assert armed.come_to(_REPLY) == "" and armed.fired() == set() and armed.waiting() == {_PLACE}
    assert armed.come_to(_PLACE) == "time-out" and armed.fired() == {_PLACE} and armed.waiting() == set()
    assert armed.come_to(_PLACE) == ""
    armed.note(_PLACE, "answered 200")
    assert armed.noted(_PLACE) == "time-out\nanswered 200"
    armed.clear()
    assert armed.fired() == armed.passed() == set()


async def test_an_outage_is_waited_for(armed):
    armed.arm(_PLACE, fault="broker")
    waiting = asyncio.create_task(asyncio.to_thread(armed.come_to, _PLACE))
    await until(lambda: armed.fired() == {_PLACE})
    assert not waiting.done()
    armed.let_go(_PLACE)
    assert await waiting == "broker"


async def test_a_gate_opens_for_those_who_came_when_the_others_have_left():
    gate = Gate(["lane-0", "lane-1"])
    arrived = asyncio.create_task(gate.arrive("lane-0"))
    there = asyncio.create_task(gate.all_there())
    await asyncio.sleep(0)
    assert not there.done()
    gate.leave("lane-1")
    assert await there and not arrived.done()
    gate.open()
    await arrived


async def test_nobody_starts_an_outage_for_a_gate_to_which_nobody_came():
    gate = Gate(["lane-0"])
    gate.leave("lane-0")
    gate.leave("lane-0")
    assert not await gate.all_there()
    assert not await Gate([]).all_there()
