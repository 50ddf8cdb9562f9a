"""Clusters without machines whose worker is a process of its own: what a test asks of them, and what must be there."""

import asyncio
import contextlib
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import yaml

from services.chassis.testing.waiting import until
from services.cluster.tests.case import Case
from services.cluster.tests.world import Person, World
from tests.faults.armed import Armed, Place
from tests.faults.cells import places
from tests.support.ports import free_range

_ROOT = Path(__file__).parents[2]
_LEASE_SECONDS = 0.4
_STOP_SECONDS = 10.0
_DEADLINE_SECONDS = 60.0


@dataclass
class Stage:
    """The service that answers, the worker beside it, and where that worker is to die."""

    world: World
    armed: Armed
    person: Person
    worker: Process

    def arm(self, saga: str, phase: str, point: str) -> None:
        """Have the worker die once in each cell of a way of a saga, at one of the points; forget what was before."""
        self.armed.clear()
        self.armed.arm(*places(saga, phase, point))

    def assert_fired(self, saga: str, phase: str, point: str) -> None:
        """It died in each of these cells, and the way led through all that the list names, and nowhere else."""
        assert self.armed.fired() == places(saga, phase, point)
        assert {place for place in self.armed.passed() if place.phase == phase} == places(saga, phase)

    async def build(self, name: str) -> Case:
        """Build a cluster and return when it is ready."""
        case, operation_id = await self._ask_for(name)
        await self._reach(operation_id, "succeeded")
        return case

    async def half_build(self, name: str) -> Case:
        """Build a cluster as far as its last run on the hosts, and leave that running."""
        case, _ = await self._ask_for(name)
        last = Place("cluster.build", "forward", "verify", "before", "POST runs")
        self.armed.arm(last)
        await until(lambda: last in self.armed.fired(), _DEADLINE_SECONDS)
        self.world.hosts.endless = True
        await until(lambda: self.world.hosts.going_on(case.cluster_id) != [], _DEADLINE_SECONDS)
        return case

    async def delete(self, case: Case) -> None:
        """Delete a cluster and wait until it is gone."""
        headers = self.world.ask(self.person)
        answer = await self.world.idle.client.delete(f"/v1/clusters/{case.cluster_id}", headers=headers)
        assert answer.status_code == 202, answer.text
        await self._reach(answer.json()["operation_id"], "succeeded", "undone")

    async def cancel(self, case: Case) -> None:
        """Cancel a build under way and wait until all of it is undone."""
        cluster = await self.world.show(self.person, f"clusters/{case.cluster_id}", self.world.idle)
        path = f"/v1/operations/{cluster['operation_id']}/cancel"
        answer = await self.world.idle.client.post(path, headers=self.world.ask(self.person))
        assert answer.status_code < 300, answer.text
        await self._reach(cluster["operation_id"], "undone")

    def runs(self, case: Case) -> list[str]:
        """Return the phases of the runs that the runner was given for a cluster, in order."""
        return [one.phase for one in self.world.hosts.requests.values() if one.cluster.id == case.cluster_id]

    def at_the_cloud(self) -> dict[str, list[str]]:
        """Return the ids of what the cloud holds in all projects."""
        cloud = self.world.cloud.connect()
        return {
            "servers": sorted(server.id for server in cloud.compute.servers(all_projects=True)),
            "ports": sorted(port.id for port in cloud.network.ports()),
            "networks": sorted(network.id for network in cloud.network.networks()),
        }

    async def _ask_for(self, name: str) -> tuple[Case, str]:
        answer = await self.world.create(self.person, name, self.world.idle)
        assert answer.status_code == 202, answer.text
        case = Case(self.world, self.person.projects[0])
        case.cluster_id = answer.json()["cluster_id"]
        return case, answer.json()["operation_id"]

    async def _reach(self, operation_id: str, *states: str) -> None:
        """Wait until an operation is in one of ``states``; fails if it stands still in another, or in none in time."""
        factory, project = self.world.idle.context, self.person.projects[0]

        async def ended() -> bool:
            async with factory.db.project(project) as tx:
                operation = await factory.operations.get(tx, operation_id)
            assert self.worker.returncode is None, "the worker's parent has ended; worker.log says why"
            stands_still = operation.ended or operation.state == "parked"
            assert operation.state in states or not stands_still, operation
            return operation.state in states

        await until(ended, _DEADLINE_SECONDS)


@contextlib.asynccontextmanager
async def mortal_worker(world: World, folder: Path) -> AsyncIterator[tuple[Armed, Process]]:
    """Run the worker of the world's idle cluster service, in processes that can be killed; yields also their parent."""
    settings = world.idle.process.settings
    listen = msgspec.structs.replace(settings.listen, work_port=free_range(1))
    config = msgspec.to_builtins(msgspec.structs.replace(settings, listen=listen, lease_seconds=_LEASE_SECONDS))
    path = folder / "cluster.yaml"
    path.write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "tests.faults.worker", "--config", str(path), "--armed", str(folder / "armed")]
    with (folder / "worker.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(*command, cwd=_ROOT, stdout=log, stderr=log)
    try:
        yield Armed(folder / "armed"), process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
