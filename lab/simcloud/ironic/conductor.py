"""The conductor: does what was asked of a node, in the background, under the node's lock."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from lab.simcloud.config import Tuning
from lab.simcloud.errors import ApiError, bad_request
from lab.simcloud.ironic.drivers.driver import Driver, DriverError, Media
from lab.simcloud.ironic.drives import Drives, iso_of
from lab.simcloud.ironic.nodes import Nodes
from lab.simcloud.ironic.records import Node
from lab.simcloud.ironic.states import POWER_OFF, POWER_ON, POWER_TARGETS, TRANSIENT, VERBS, Transition
from lab.simcloud.knobs.board import Board, WorkFault

log = logging.getLogger("simcloud.ironic")

PowerListener = Callable[[str, str], None]


def unfit(node: Node, verb: str) -> ApiError:
    """400: the node's state does not know the verb."""
    return bad_request(
        f'The requested action "{verb}" can not be performed on node "{node.id}" while it is in state '
        f'"{node.provision_state}".'
    )


class Conductor:
    """Runs verbs and power changes of nodes."""

    def __init__(
        self, tuning: Tuning, knobs: Board, nodes: Nodes, drives: Drives, drivers: Mapping[str, Driver]
    ) -> None:
        self._tuning = tuning
        self._knobs = knobs
        self._nodes = nodes
        self._drives = drives
        self.drivers = drivers
        self._running: dict[str, asyncio.Task[None]] = {}
        self._tearing_down: dict[str, asyncio.Event] = {}
        self.power_listeners: list[PowerListener] = []

    def driver(self, node: Node) -> Driver:
        """The driver of a node."""
        return self.drivers[node.driver]

    # -- what the API and Nova call ---------------------------------------------------------------------------------

    def start_verb(self, node: Node, verb: str, configdrive: Any = None) -> None:
        """Begins a provision verb. 400 if the state does not allow it, 409 while the node is locked."""
        self._nodes.require_unlocked(node)
        transition = VERBS.get((node.provision_state, verb))
        if transition is None:
            raise unfit(node, verb)
        if node.maintenance and verb in ("active", "rebuild", "provide", "clean"):
            raise bad_request(
                f"The {verb} operation can't be performed on node {node.id} because it's in maintenance mode."
            )
        if verb in ("active", "rebuild") and (missing := self._missing_to_deploy(node)):
            raise bad_request(f"Failed to validate deploy or power info for node {node.id}. Error: {missing}")
        if verb == "deleted" and node.protected:
            raise bad_request(f"Node {node.id} is protected and cannot be undeployed, rebuilt or deleted.")
        if not transition.during:
            self._nodes.change(node.id, provision_state=transition.target, last_error=None)
            return
        changes: dict[str, Any] = {"last_error": None}
        if configdrive is not None:
            self._drives.remove(node.drive)
            changes["drive"] = self._drives.add(iso_of(configdrive))
        self._nodes.lock(node)
        self._nodes.change(
            node.id, provision_state=transition.during, target_provision_state=transition.target, **changes
        )
        self._spawn_verb(node.id, transition)

    def _missing_to_deploy(self, node: Node) -> str | None:
        if node.driver == "redfish" and not node.instance_info.get("image_source"):
            return "Cannot validate image information because one or more parameters are missing: ['image_source']"
        return self.driver(node).missing_info(node)

    def start_power(self, node: Node, target: str) -> None:
        """Begins a power change; 409 while the node is locked."""
        if target not in POWER_TARGETS:
            raise bad_request(
                f'The requested action "{target}" can not be performed on node "{node.id}" while it is in state '
                f'"{node.power_state}".'
            )
        self._nodes.lock(node)
        self._nodes.change(node.id, target_power_state=POWER_TARGETS[target], last_error=None)
        self._spawn(node.id, self._power(node.id, target))

    async def settled(self, node_id: str) -> Node:
        """Waits until what is going on with a node has ended; the node as it is then."""
        while task := self._running.get(node_id):
            await asyncio.shield(task)
        return self._nodes.read(node_id)

    async def torn_down(self, node_id: str) -> Node:
        """Waits until the node has left `deleting` (it may still be cleaning); the node as it is then."""
        if event := self._tearing_down.get(node_id):
            await event.wait()
        return self._nodes.read(node_id)

    def resume(self) -> None:
        """After a restart: goes on with what the last process was doing."""
        for node in self._nodes.table.find(provision_state=sorted(TRANSIENT)):
            transition = _interrupted(node)
            self._nodes.change(node.id, reservation=self._nodes.conductor)
            self._spawn_verb(node.id, transition)
        for node in self._nodes.table.find(reservation=self._nodes.conductor):
            if node.id not in self._running:
                self._nodes.change(node.id, reservation=None, target_power_state=None)

    # -- the work ---------------------------------------------------------------------------------------------------

    def _spawn_verb(self, node_id: str, transition: Transition) -> None:
        if transition.during == "deleting":
            self._tearing_down[node_id] = asyncio.Event()
        self._spawn(node_id, self._run(node_id, transition))

    def _spawn(self, node_id: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._running[node_id] = task
        task.add_done_callback(lambda done: self._ended(node_id, done))

    def _ended(self, node_id: str, task: asyncio.Task[None]) -> None:
        if self._running.get(node_id) is task:
            del self._running[node_id]
        if not task.cancelled() and task.exception():
            log.error("the work on node %s failed", node_id, exc_info=task.exception())

    async def _run(self, node_id: str, transition: Transition) -> None:
        steps = {
            "verifying": self._verify,
            "inspecting": self._verify,
            "adopting": self._verify,
            "cleaning": self._clean,
            "deploying": self._deploy,
            "deleting": self._tear_down,
        }
        try:
            await self._pass_knobs(node_id, transition.during, "before")
            await steps[transition.during](node_id)
            await self._pass_knobs(node_id, transition.during, "after")
            self._finish(node_id, transition)
        except (DriverError, WorkFault) as error:
            self._fail(node_id, transition, error)
        finally:
            self._nodes.unlock(node_id)
            if transition.during == "deleting":
                self._tearing_down.pop(node_id).set()
        if transition.during == "deleting" and self._nodes.read(node_id).provision_state == "cleaning":
            await self._clean_after_delete(node_id)

    async def _pass_knobs(self, node_id: str, state: str, moment: str) -> None:
        if self._knobs:
            node = self._nodes.read(node_id)
            await self._knobs.work("node", (node.name or node.id, node.id), state, moment)

    def _finish(self, node_id: str, transition: Transition) -> None:
        if transition.during == "deleting":
            self._nodes.change(node_id, provision_state="cleaning", target_provision_state="available")
            return
        self._nodes.change(
            node_id, provision_state=transition.target, target_provision_state=None, deploy_step={}, clean_step={}
        )

    def _fail(self, node_id: str, transition: Transition, error: Exception) -> None:
        doing = {"deleting": "tear down", "cleaning": "clean"}
        message = f"Failed to {doing.get(transition.during, transition.during)}. {error}"
        if transition.during == "deploying":
            message = f"Deploy step deploy.deploy failed: {error}"
        if transition.during == "verifying":
            message = f"Failed to get power state for node {node_id}. Error: {error}"
        log.warning("node %s: %s", node_id, message)
        changes: dict[str, Any] = {"provision_state": transition.failed, "last_error": message}
        changes["target_provision_state"] = None if transition.failed == "enroll" else transition.target
        if transition.failed == "clean failed":
            changes |= {"maintenance": True, "maintenance_reason": message, "fault": "clean failure"}
        self._nodes.change(node_id, deploy_step={}, clean_step={}, **changes)

    async def _clean_after_delete(self, node_id: str) -> None:
        self._nodes.change(node_id, reservation=self._nodes.conductor)
        await self._run(node_id, Transition("cleaning", "available", "clean failed"))

    async def _verify(self, node_id: str) -> None:
        node = self._nodes.read(node_id)
        state = await self.driver(node).power_state(node)
        self._record_power(node_id, state)

    async def _clean(self, node_id: str) -> None:
        self._nodes.change(node_id, clean_step={"step": "erase_devices_metadata", "interface": "deploy"})
        await self._set_power(node_id, POWER_OFF)
        await asyncio.sleep(self._tuning.step_seconds)

    async def _deploy(self, node_id: str) -> None:
        deadline = asyncio.get_running_loop().time() + self._tuning.deploy_timeout_seconds
        while True:
            try:
                await self._deploy_once(node_id)
                return
            except DriverError:
                if asyncio.get_running_loop().time() >= deadline:
                    raise
                await asyncio.sleep(1)

    async def _deploy_once(self, node_id: str) -> None:
        node = self._nodes.change(node_id, deploy_step={"step": "deploy", "interface": "deploy", "priority": 100})
        driver = self.driver(node)
        await self._set_power(node_id, POWER_OFF)
        image = str(node.instance_info.get("image_source"))
        drive = self._drives.url(node.drive) if node.drive else None
        await driver.insert(node, Media(self._drives.boot_url(image), drive))
        self._nodes.change(node_id, boot_device="cdrom")
        await self._set_power(node_id, POWER_ON)

    async def _tear_down(self, node_id: str) -> None:
        node = self._nodes.read(node_id)
        await self._set_power(node_id, POWER_OFF)
        await self.driver(node).eject(node)
        self._drives.remove(node.drive)
        self._nodes.release(self._nodes.read(node_id))

    async def _set_power(self, node_id: str, target: str) -> None:
        node = self._nodes.change(node_id, target_power_state=POWER_TARGETS[target])
        try:
            await self.driver(node).set_power(node, target)
        finally:
            self._nodes.change(node_id, target_power_state=None)
        self._record_power(node_id, POWER_TARGETS[target])

    async def _power(self, node_id: str, target: str) -> None:
        try:
            await self._pass_knobs(node_id, target, "before")
            await self._set_power(node_id, target)
        except (DriverError, WorkFault) as error:
            message = f'Failed to change power state to "{POWER_TARGETS[target]}". {error}'
            self._nodes.change(node_id, last_error=message)
        finally:
            self._nodes.unlock(node_id)

    def _record_power(self, node_id: str, state: str) -> None:
        node = self._nodes.read(node_id)
        if node.power_state == state:
            return
        self._nodes.change(node_id, power_state=state)
        if node.instance_uuid and node.provision_state == "active":
            self.tell_power(node.instance_uuid, state)

    def tell_power(self, instance_uuid: str, state: str) -> None:
        """Tells Nova, as Ironic's `power-update` event does."""
        for listener in self.power_listeners:
            listener(instance_uuid, state)


def _interrupted(node: Node) -> Transition:
    for (_, _), transition in VERBS.items():
        if transition.during == node.provision_state and transition.target == node.target_provision_state:
            return transition
    return next(t for t in VERBS.values() if t.during == node.provision_state)
