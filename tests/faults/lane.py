"""A lane: one cluster service with a worker of its own, where one cluster after the other lives, in its own project."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from sqlalchemy import select

from services.chassis.db import is_transient
from services.chassis.saga import Operation
from services.chassis.saga.tables import STEP
from services.cluster.tests.world import Person, World
from tests.faults import matrix
from tests.faults.armed import Armed
from tests.faults.countdown import Countdown
from tests.faults.gate import Gate
from tests.faults.matrix import Cell
from tests.faults.oracle import Oracle

_LOOK_SECONDS = 0.08
_LATE_SECONDS = 5.0
_PROJECTS_A_PERSON = 40
"""A pass holds 50 projects at most."""
_STOPPED = ("succeeded", "failed", "undone", "parked")
_Way = tuple[str, str]
"""A step on its way: the phase and its name."""
MAY_NEED_RESUME = frozenset({"5xx"})
"""An answer that says nothing about what was done may park a step, until a person has resumed it, once."""


class Differs(Exception):
    """Something is not as it should be; each argument is a sentence."""


class WorkersGone(Differs):
    """The harness's own workers have ended by themselves, which says nothing of what was tried."""


@dataclass
class Life:
    """One cluster from its order to its end."""

    person: Person
    cluster_id: str = ""
    operations: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    resumed: bool = False

    @property
    def project(self) -> str:
        return self.person.projects[0]


class Lane:
    """Takes clusters through their lives, with at most one fault in each operation."""

    def __init__(
        self,
        name: str,
        world: World,
        oracle: Oracle,
        person: Person,
        armed: Armed,
        has_workers: Callable[[], bool],
        seconds: float,
    ) -> None:
        self.name = name
        self.life: Life | None = None
        self._world = world
        self._oracle = oracle
        self._person = person
        self._orders = 0
        self._armed = armed
        self._has_workers = has_workers
        self._seconds = seconds
        self._service = world.running[name]

    @property
    def countdown(self) -> Countdown:
        """What has its workers end themselves."""
        return self._armed.countdown

    async def build(self, cell: Cell | None = None, gate: Gate | None = None) -> Life:
        """Build a cluster in a new project. Raises Differs."""
        life = await self._order(cell)
        await self._end(life, "cluster.build", cell, gate, "succeeded")
        await self._judge(life, self._oracle.of_built)
        return life

    async def half_build(self, phase: str) -> Life:
        """Build a cluster as far as its run of a phase, and leave that running."""
        life = await self._order(None)
        hosts = self._world.hosts
        hosts.unending.add((life.cluster_id, phase))

        async def under_way() -> bool:
            operation = await self._operation(life)
            if operation.state in _STOPPED:
                raise Differs(f"the build is {operation.state} at {operation.step}: {operation.reason}")
            return any(hosts.requests[run].phase == phase for run in hosts.going_on(life.cluster_id))

        await self._wait(under_way, f"a run of {phase} under way")
        return life

    async def undo(self, life: Life, cell: Cell | None = None, gate: Gate | None = None) -> None:
        """Cancel a build under way, have it undone, and see that nothing is left. Raises Differs."""
        self._arm(cell)
        await self._ask("POST", f"/v1/operations/{life.operations[-1]}/cancel", life)
        await self._end(life, "cluster.build", cell, gate, "undone")
        await self._judge(life, self._oracle.of_gone, self._oracle.left(life.project))

    async def delete(self, life: Life, cell: Cell | None = None, gate: Gate | None = None) -> None:
        """Delete a cluster and see that nothing is left. Raises Differs."""
        self._arm(cell)
        answer = await self._ask("DELETE", f"/v1/clusters/{life.cluster_id}", life)
        life.operations.append(answer["operation_id"])
        await self._end(life, "cluster.delete", cell, gate, "succeeded")
        await self._judge(life, self._oracle.of_gone, self._oracle.left(life.project))

    async def abandon(self) -> None:
        """After a failure: have what is left go, if it will, and be ready for the next one."""
        self._armed.kill_stopped()
        self._armed.clear()
        self.countdown.stop()
        if self.life is not None:
            with contextlib.suppress(Differs, httpx.HTTPError):
                await self._ask("DELETE", f"/v1/clusters/{self.life.cluster_id}", self.life)

    async def _order(self, cell: Cell | None) -> Life:
        self.life = None
        if self._orders % _PROJECTS_A_PERSON == _PROJECTS_A_PERSON - 1:
            self._person = await self._world.person()
        self._orders += 1
        person = await self._world.new_project(self._person)
        self._arm(cell)
        answer = await self._world.create(person, "faults", self._service)
        if answer.status_code != 202:
            raise Differs(f"a cluster was not accepted: {answer.text}")
        body = answer.json()
        self.life = Life(person, body["cluster_id"], [body["operation_id"]])
        return self.life

    def _arm(self, cell: Cell | None) -> None:
        self._armed.clear()
        if cell is not None:
            self._armed.arm(cell.place, fault=cell.fault)

    async def _end(self, life: Life, saga: str, cell: Cell | None, gate: Gate | None, end: str) -> None:
        """See an operation through: its fault happens where it should, and it ends by itself or by one resume."""
        life.resumed = False
        if cell is not None and gate is not None:
            await self._wait(lambda: cell.place in self._armed.fired(), "the fault at its place")
            await gate.arrive(self.name)
            self._armed.let_go(cell.place)
        if cell is not None and cell.fault == "reorder":
            await self._overtake(life, cell)
        operation = await self._stop_of(life)
        if operation.state == "parked" and cell is not None and cell.fault in MAY_NEED_RESUME:
            life.resumed = True
            await self._ask("POST", f"/v1/operations/{operation.id}/resume", life)
            operation = await self._stop_of(life)
        if operation.state != end:
            raise Differs(f"the operation is {operation.state} at {operation.step}, not {end}: {operation.reason}")
        life.ends.append(end)
        await self._prove(saga, cell)

    async def _overtake(self, life: Life, cell: Cell) -> None:
        """Let another worker get past the place at which one stands still; then wake that, and see the last of it."""
        await self._wait(lambda: cell.place in self._armed.fired(), "the fault at its place")
        done = await self._done_steps(life)
        await self._wait(lambda: self._is_past(life, cell, done), "another worker past the one that stands still")
        pid = self._armed.wake(cell.place)
        await self._wait(lambda: self._armed.has_settled(cell.place), "an end of what the woken worker did")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)

    async def _is_past(self, life: Life, cell: Cell, done_before: set[_Way]) -> bool:
        """Tell whether the step was done, or one after it where itself was ``done_before``, or all is over."""
        done = await self._done_steps(life) - done_before
        if done and (cell.point == "commit" or (cell.phase, cell.step) in done):
            return True
        return (await self._operation(life)).state in _STOPPED

    async def _done_steps(self, life: Life) -> set[_Way]:
        query = select(STEP.c.phase, STEP.c.name).where(
            STEP.c.operation_id == life.operations[-1], STEP.c.state == "done"
        )
        async with self._service.process.database.project(life.project) as tx:
            return {(phase, name) for phase, name in await tx.execute(query)}

    async def _prove(self, saga: str, cell: Cell | None) -> None:
        """Raise Differs unless the fault happened at its place and each step called only those whom its row names.

        What tells of the last step is published when the operation has ended already.
        """
        if cell is not None:
            at_its_place = f"the fault: nothing came to {cell.place.text}"
            await self._wait(lambda: cell.place in self._armed.fired(), at_its_place, _LATE_SECONDS)
        if cell is not None and cell.fault == "duplicate":
            what = "an answer to the second copy"
            await self._wait(lambda: "\n" in self._armed.noted(cell.place), what, _LATE_SECONDS)
        for place in self._armed.passed():
            known = matrix.calls(saga, place.phase).get(place.step, [])
            if place.saga == saga and place.call not in (*known, "", "event"):
                raise Differs(f"{place.step} makes a call that its row does not name: {place.call}")

    async def _judge(
        self, life: Life, judge: Callable[[str, str, str], Awaitable[list[str]]], seen: Sequence[str] = ()
    ) -> None:
        """Raise Differs for what was ``seen`` already, and what the oracle says once all events were heard."""
        told = await self._judge_events(life)
        where = (self.name, life.project, life.cluster_id)
        differs = [
            *seen,
            *await judge(*where),
            *await self._oracle.of_operations(*where, *life.ends),
            *told,
        ]
        if differs:
            raise Differs(*differs)

    async def _judge_events(self, life: Life) -> list[str]:
        operation = life.operations[-1]
        with contextlib.suppress(Differs):
            await self._wait(lambda: self._oracle.has_heard(self.name, operation), "all events heard")
        return await self._oracle.of_events(self.name, operation)

    async def _stop_of(self, life: Life) -> Operation:
        """Return the newest operation when it has ended or parked."""
        seen: list[Operation] = []

        async def stands() -> bool:
            seen[:] = [await self._operation(life)]
            return seen[0].state in _STOPPED

        await self._wait(stands, lambda: f"an end of the operation, which is {seen[0].state} at {seen[0].step}")
        return seen[0]

    async def _operation(self, life: Life) -> Operation:
        factory = self._service.context
        async with factory.db.project(life.project) as tx:
            operation: Operation = await factory.operations.get(tx, life.operations[-1])
        return operation

    async def _wait(
        self, condition: Callable[[], bool | Awaitable[bool]], what: str | Callable[[], str], seconds: float = 0.0
    ) -> None:
        """Wait for something (``seconds``, or as a cell may), through outages of the database. Raises Differs."""
        seconds = seconds or self._seconds
        end = time.monotonic() + seconds
        while not await self._holds(condition):
            if time.monotonic() > end:
                sentence = what if isinstance(what, str) else what()
                raise Differs(f"waited for {sentence}, which did not come within {seconds:.0f} s")
            await asyncio.sleep(_LOOK_SECONDS)

    async def _holds(self, condition: Callable[[], bool | Awaitable[bool]]) -> bool:
        if not self._has_workers():
            raise WorkersGone("the workers' parent has ended; worker.log says why")
        try:
            answer = condition()
            return answer if isinstance(answer, bool) else await answer
        except Exception as error:
            if not is_transient(error):
                raise
            return False

    async def _ask(self, method: str, path: str, life: Life) -> Any:
        answer: httpx.Response = await self._service.client.request(method, path, headers=self._world.ask(life.person))
        if answer.status_code >= 300:
            raise Differs(f"{method} {path} was answered with {answer.status_code}: {answer.text}")
        return answer.json()
