"""The way of a server to its node and back, in the background and resumable after a restart."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from lab.simcloud.clock import stamp
from lab.simcloud.config import Tuning
from lab.simcloud.errors import ApiError
from lab.simcloud.ironic.conductor import Conductor
from lab.simcloud.ironic.drives import Drives, build_iso
from lab.simcloud.ironic.nodes import Nodes
from lab.simcloud.ironic.records import Node
from lab.simcloud.ironic.states import POWER_ON
from lab.simcloud.knobs.board import Board, WorkFault
from lab.simcloud.neutron.networks import Networks
from lab.simcloud.nova.instance_data import drive_files
from lab.simcloud.nova.records import Server
from lab.simcloud.nova.scheduler import Scheduler
from lab.simcloud.store import Table

log = logging.getLogger("simcloud.nova")

MOST_ATTEMPTS = 3
RUNNING, SHUTDOWN, NO_STATE = 1, 4, 0
NO_VALID_HOST = "No valid host was found. "


class Builder:
    """Builds and deletes servers."""

    def __init__(
        self,
        tuning: Tuning,
        knobs: Board,
        servers: Table[Server],
        nodes: Nodes,
        conductor: Conductor,
        networks: Networks,
        drives: Drives,
    ) -> None:
        self._tuning = tuning
        self._knobs = knobs
        self._servers = servers
        self._nodes = nodes
        self._conductor = conductor
        self._networks = networks
        self._drives = drives
        self._scheduler = Scheduler(nodes)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._awaited: dict[str, asyncio.Event] = {}

    def start(self, server_id: str) -> None:
        """Begins to build."""
        self._spawn(server_id, self._build(server_id))

    def start_delete(self, server_id: str) -> None:
        """Begins to delete; a build that is going on stops."""
        self._change(server_id, task_state="deleting")
        building = self._running.pop(server_id, None)
        if building:
            building.cancel()
        self._spawn(server_id, self._delete(server_id))

    def resume(self) -> None:
        """After a restart: goes on with builds and deletes."""
        for server in self._servers.find(task_state="deleting"):
            self._spawn(server.id, self._delete(server.id))
        for server in self._servers.find(vm_state="building"):
            if server.task_state != "deleting":
                self.start(server.id)

    def power_changed(self, instance_uuid: str, state: str) -> None:
        """What Ironic's power event does: a server whose node went off is SHUTOFF, and ACTIVE again when it is on."""
        server = self._servers.get(instance_uuid)
        if server is None or server.vm_state not in ("active", "stopped"):
            return
        on = state == POWER_ON
        self._change(server.id, vm_state="active" if on else "stopped", power_state=RUNNING if on else SHUTDOWN)

    def _spawn(self, server_id: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._running[server_id] = task
        task.add_done_callback(lambda done: self._ended(server_id, done))

    def _ended(self, server_id: str, task: asyncio.Task[None]) -> None:
        if self._running.get(server_id) is task:
            del self._running[server_id]
        if not task.cancelled() and task.exception():
            log.error("the work on server %s failed", server_id, exc_info=task.exception())
            if self._servers.get(server_id):
                self._fail(server_id, f"Unexpected error: {task.exception()}")

    def _change(self, server_id: str, **changes: Any) -> Server:
        server = self._servers.get(server_id)
        if server is None:
            raise LookupError(f"server {server_id} is gone")
        for field, value in changes.items():
            setattr(server, field, value)
        server.updated = stamp()
        self._servers.save(server)
        self._tell(server_id)
        return server

    def _tell(self, server_id: str) -> None:
        if event := self._awaited.pop(server_id, None):
            event.set()

    async def changed(self, server_id: str) -> None:
        """Waits until the server changes or is gone."""
        await self._awaited.setdefault(server_id, asyncio.Event()).wait()

    async def _build(self, server_id: str) -> None:
        try:
            await self._build_on_some_node(server_id)
        except WorkFault as fault:
            await self._release(server_id)
            self._change(server_id, node_id=None)
            self._give_up(server_id, str(fault))

    async def _enter(self, server_id: str, task: str, **changes: Any) -> Server:
        """The server at its next task, where knobs may hold it or raise WorkFault."""
        server = self._change(server_id, task_state=task, **changes)
        await self._knobs.work("server", (server.name, server.id), task)
        return server

    async def _build_on_some_node(self, server_id: str) -> None:
        for attempt in range(MOST_ATTEMPTS):
            server = await self._enter(server_id, "scheduling", vm_state="building")
            await self._pause()
            node = self._claimed(server) or self._scheduler.claim(server)
            if node is None:
                self._give_up(server_id, _no_host(server_id) if attempt else NO_VALID_HOST)
                return
            await self._enter(server_id, "networking", node_id=node.id)
            await self._attach_ports(server_id, node)
            await self._enter(server_id, "block_device_mapping")
            await self._pause()
            if await self._spawn_on(server_id, node):
                return
            failed = [*self._change(server_id).failed_nodes, node.id]
            self._change(server_id, node_id=None, failed_nodes=failed)
        self._give_up(server_id, _no_host(server_id))

    async def _pause(self) -> None:
        await asyncio.sleep(self._tuning.step_seconds)

    def _claimed(self, server: Server) -> Node | None:
        return self._nodes.table.first(instance_uuid=server.id)

    async def _attach_ports(self, server_id: str, node: Node) -> None:
        server = self._change(server_id)
        self._nodes.change(node.id, vifs=list(server.ports))
        await self._pause()

    async def _spawn_on(self, server_id: str, node: Node) -> bool:
        server = await self._enter(server_id, "spawning")
        node = await self._conductor.settled(node.id)
        if node.provision_state == "available":
            self._deploy(server, node)
            node = await self._conductor.settled(node.id)
        if node.provision_state == "active":
            moment = stamp()
            self._change(
                server_id, vm_state="active", task_state=None, power_state=RUNNING, launched_at=moment, fault=None
            )
            return True
        log.warning("server %s could not be built on node %s: %s", server_id, node.id, node.last_error)
        await self._release(server_id)
        return False

    def _deploy(self, server: Server, node: Node) -> None:
        info = {"display_name": server.name, "image_source": server.image_id, "nova_host_id": node.id}
        drive = node.drive
        if server.config_drive and drive is None:
            drive = self._drives.add(build_iso(drive_files(server, self._networks)))
        lessee = node.lessee or server.project_id
        internal = node.driver_internal_info | {"automatic_lessee": node.lessee is None}
        changes = {"instance_info": info, "drive": drive, "lessee": lessee, "driver_internal_info": internal}
        node = self._nodes.change(node.id, **changes)
        try:
            self._conductor.start_verb(node, "active")
        except ApiError as error:
            self._nodes.change(node.id, last_error=error.message)

    async def _release(self, server_id: str) -> Node | None:
        """Takes the server's node from it; the node if that failed."""
        node = self._nodes.table.first(instance_uuid=server_id)
        if node is None:
            return None
        node = await self._conductor.settled(node.id)
        if node.provision_state in ("active", "deploy failed", "error") and node.instance_uuid == server_id:
            self._conductor.start_verb(node, "deleted")
        elif node.instance_uuid == server_id:
            self._drives.remove(node.drive)
            self._nodes.release(node)
        node = await self._conductor.torn_down(node.id)
        return node if node.instance_uuid == server_id else None

    async def _delete(self, server_id: str) -> None:
        try:
            await self._enter(server_id, "deleting")
        except WorkFault as fault:
            self._fail(server_id, str(fault))
            return
        stuck = await self._release(server_id)
        if stuck is not None:
            state = stuck.provision_state
            self._fail(server_id, f"Error destroying the instance on node {stuck.id}. Provision state still '{state}'.")
            return
        server = self._change(server_id)
        for port_id in server.ports:
            self._let_go(server_id, port_id, port_id in server.own_ports)
        self._servers.remove(server_id)
        self._tell(server_id)

    def _give_up(self, server_id: str, message: str) -> None:
        """A build that failed for good: Nova unbinds the ports it was given, so that another server can have them."""
        server = self._change(server_id)
        for port_id in set(server.ports) - set(server.own_ports):
            self._let_go(server_id, port_id, False)
        self._fail(server_id, message)

    def detach_ports(self, server_id: str) -> None:
        """Takes all ports from a server; those that Nova made for it are removed."""
        server = self._change(server_id)
        for port_id in server.ports:
            self._let_go(server_id, port_id, port_id in server.own_ports)
        self._change(server_id, ports=[], own_ports=[])

    def _let_go(self, server_id: str, port_id: str, with_port: bool) -> None:
        port = self._networks.ports.get(port_id)
        if port is None or port.device_id != server_id:
            return
        if with_port:
            self._networks.remove_port(port_id)
            return
        port.device_id, port.device_owner, port.host_id, port.status = "", "", "", "DOWN"
        self._networks.ports.save(port)

    def _fail(self, server_id: str, message: str) -> None:
        fault = {"code": 500, "created": stamp(), "message": message, "details": f"simcloud: {message}"}
        self._change(server_id, vm_state="error", task_state=None, fault=fault, power_state=NO_STATE)


def _no_host(server_id: str) -> str:
    return (
        "Exceeded maximum number of retries. Exhausted all hosts available for retrying build failures for instance "
        f"{server_id}."
    )
