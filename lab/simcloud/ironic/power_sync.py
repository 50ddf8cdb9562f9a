"""The loop that asks each BMC for the power state, and puts a node whose BMC is silent into maintenance.

Source: Ironic's `sync_power_state` periodic: after three failures `fault` is `power failure`, and the node leaves
maintenance by itself when the BMC answers again. Ironic's option to force the recorded state is off here.
"""

import asyncio
import logging

from lab.simcloud.config import Tuning
from lab.simcloud.ironic.conductor import Conductor
from lab.simcloud.ironic.drivers.driver import DriverError
from lab.simcloud.ironic.nodes import Nodes
from lab.simcloud.ironic.records import Node

log = logging.getLogger("simcloud.ironic")

MOST_FAILURES = 3
AT_ONCE = 8
NOT_YET = ("enroll", "verifying")


class PowerSync:
    """Keeps `power_state` true."""

    def __init__(self, nodes: Nodes, conductor: Conductor, tuning: Tuning) -> None:
        self._nodes = nodes
        self._conductor = conductor
        self._tuning = tuning
        self._failures: dict[str, int] = {}
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def run(self) -> None:
        """Looks at all machines, again and again, until cancelled."""
        while True:
            await asyncio.sleep(self._tuning.power_sync_seconds)
            real = [n for n in self._nodes.table.find(driver="redfish") if n.provision_state not in NOT_YET]
            looks = [self._look(node) for node in real if node.reservation is None]
            for outcome in await asyncio.gather(*looks, return_exceptions=True):
                if isinstance(outcome, Exception):
                    log.error("power sync failed", exc_info=outcome)

    async def _look(self, node: Node) -> None:
        async with self._gate:
            try:
                state = await self._conductor.driver(node).power_state(node)
            except DriverError as error:
                self._failed(node, error)
                return
        self._failures.pop(node.id, None)
        self._found(node, state)

    def _found(self, asked: Node, state: str) -> None:
        node = self._nodes.table.get(asked.id)
        if node is None or node.reservation:
            return
        if node.fault == "power failure":
            self._nodes.change(node.id, maintenance=False, maintenance_reason=None, fault=None)
        if node.power_state == state:
            return
        self._nodes.change(node.id, power_state=state)
        if node.instance_uuid and node.provision_state == "active":
            self._conductor.tell_power(node.instance_uuid, state)

    def _failed(self, asked: Node, error: DriverError) -> None:
        node = self._nodes.table.get(asked.id)
        if node is None or node.reservation or node.fault == "power failure":
            return
        count = self._failures[node.id] = self._failures.get(node.id, 0) + 1
        if count < MOST_FAILURES:
            return
        reason = (
            f"During sync_power_state, max retries exceeded for node {node.id}, node state None does not match "
            f"expected state '{node.power_state}'. Updating DB state to 'None'. Switching node to maintenance mode. "
            f"Error: {error}"
        )
        changes: dict[str, object] = {"power_state": None, "last_error": reason}
        if not node.maintenance:
            changes |= {"maintenance": True, "maintenance_reason": reason, "fault": "power failure"}
        self._nodes.change(node.id, **changes)
