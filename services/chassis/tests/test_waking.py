"""Waiting to be woken: in time, too late, and cancelled at the worst moment."""

import asyncio

import pytest

from services.chassis.waking import woken_within


async def test_it_tells_whether_the_event_came_in_time() -> None:
    event = asyncio.Event()
    assert not await woken_within(event, 0.01)
    event.set()
    assert await woken_within(event, 0.01)


async def test_a_cancel_in_the_moment_of_the_event_gets_through() -> None:
    event = asyncio.Event()
    waiting = asyncio.create_task(woken_within(event, 5))
    await asyncio.sleep(0.01)
    event.set()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_cancel_before_the_event_gets_through() -> None:
    event = asyncio.Event()
    waiting = asyncio.create_task(woken_within(event, 5))
    await asyncio.sleep(0.01)
    waiting.cancel()
    event.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
