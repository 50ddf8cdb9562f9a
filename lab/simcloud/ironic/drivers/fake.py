"""Nodes without machines (`fake-hardware`): every request takes a moment and works."""

import asyncio

from lab.simcloud.config import Tuning
from lab.simcloud.ironic.drivers.driver import Media
from lab.simcloud.ironic.records import Node
from lab.simcloud.ironic.states import POWER_OFF, POWER_TARGETS


class FakeDriver:
    """Power that exists only in memory; it starts as off."""

    def __init__(self, tuning: Tuning) -> None:
        """tuning: its `step_seconds` is how long each change takes."""
        self._tuning = tuning

    def missing_info(self, node: Node) -> str | None:
        """Needs nothing."""
        return None

    async def power_state(self, node: Node) -> str:
        """As last set."""
        return node.power_state or POWER_OFF

    async def set_power(self, node: Node, target: str) -> None:
        """Takes its time; the conductor records the new state."""
        if target in POWER_TARGETS:
            await asyncio.sleep(self._tuning.step_seconds)

    async def insert(self, node: Node, media: Media) -> None:
        """Takes its time."""
        await asyncio.sleep(self._tuning.step_seconds)

    async def eject(self, node: Node) -> None:
        """Takes its time."""
        await asyncio.sleep(self._tuning.step_seconds)
