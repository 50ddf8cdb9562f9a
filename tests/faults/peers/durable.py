"""The same steps as a workflow of DBOS, written as its documentation recommends.

The workflow's id is the operation's. Each call of a step, and each event, is a step of DBOS's, which repeats it; runs
and events get their ids from the workflow's. A worker has a fixed executor id, by which it recovers its workflows.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import msgspec
import structlog
from dbos import DBOS, DBOSConfig, DBOSConfiguredInstance, SetWorkflowID

from services.chassis.saga import Done, Moment, Operation, StepFailed, Unit, Watch
from services.chassis.service import Background
from services.cluster.factory import Factory
from services.cluster.sagas.table import SAGAS
from tests.faults.peers.status import Status
from tests.faults.peers.work import Results, Work, told_of, units_of

_LOOK_SECONDS = 0.1
_NAME = "cluster"
Order = dict[str, str]
"""What a workflow is given: the ids of its operation and project."""

_log = structlog.get_logger(room="durable")


class _Cancelled(Exception):
    """Somebody has asked for the operation to be undone."""


class _Ended(Exception):
    """Somebody has ended the operation."""


def workers(factory: Factory, watch: Watch) -> Sequence[Background]:
    """Return the tasks of a worker."""
    return [partial(_work, factory, Life(factory, watch))]


async def _work(factory: Factory, life: "Life") -> None:
    """Have DBOS recover what was under way, and start a workflow for each new operation."""
    _launch(factory)
    status = Status(factory.db)
    while True:
        try:
            for operation in await status.under_way():
                if operation.state == "queued":
                    await _start(life, operation)
        except Exception as error:
            _log.warning("durable.no_work_found", error=repr(error))
        await asyncio.sleep(_LOOK_SECONDS)


def _launch(factory: Factory) -> None:
    """Have DBOS keep its tables in the service's own database; raises what it raises while that is away."""
    database = factory.settings.database
    assert database is not None
    url = database.migrate_url or database.url
    DBOS(config=_config(url.replace("postgresql://", "postgresql+psycopg://", 1)))
    try:
        DBOS.launch()
    except Exception:
        DBOS.destroy()
        raise


def _config(url: str) -> DBOSConfig:
    return DBOSConfig(
        name=_NAME,
        system_database_url=url,
        executor_id=_NAME,
        application_version="1",
        log_level="WARNING",
        enable_otlp=False,
    )


async def _start(life: "Life", operation: Operation) -> None:
    """Start the operation's workflow; one that is there already goes on as it is."""
    with SetWorkflowID(operation.id):
        await DBOS.start_workflow_async(life.live, {"operation": operation.id, "project": operation.project_id})


_step = partial(
    DBOS.step,
    retries_allowed=True,
    max_attempts=8,
    interval_seconds=_LOOK_SECONDS,
    should_retry=lambda error: not isinstance(error, StepFailed),
)


@DBOS.dbos_class()
class Life(DBOSConfiguredInstance):
    """Operations as workflows."""

    def __init__(self, factory: Factory, watch: Watch) -> None:
        self._deps = factory.deps
        self._bus = factory.process.events
        self._status = Status(factory.db)
        self._watch = watch
        super().__init__(config_name=_NAME)

    @DBOS.workflow()
    async def live(self, order: Order) -> str:
        """Do an operation's steps, or undo them when somebody asks for that."""
        saga = SAGAS[await self.begin(order)]
        results: Results = {}
        begun: list[str] = []
        try:
            for step in saga.steps:
                begun.append(step.name)
                results[step.name] = await self._do(order, "forward", step.name, results)
        except _Ended:
            return "ended"
        except _Cancelled:
            return await self._undo(order, [name for name in reversed(begun) if saga.step(name).undo], results)
        await self.end(order, "forward", "succeeded")
        return "succeeded"

    async def _undo(self, order: Order, steps: list[str], results: Results) -> str:
        try:
            await self.turn_round(order)
            for step in steps:
                await self._do(order, "undo", step, results)
        except _Ended:
            return "ended"
        await self.end(order, "undo", "undone")
        return "undone"

    async def _do(self, order: Order, phase: str, step: str, results: Results) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for unit in await self.units(order, step):
            result = await self._until_done(order, phase, step, unit, results)
        await self.tell(order, phase, step)
        return result

    async def _until_done(self, order: Order, phase: str, step: str, unit: str, results: Results) -> dict[str, Any]:
        while True:
            seen = await self._tried(order, phase, partial(self.act, order, phase, step, unit, results))
            if seen["state"] == "cancelling" and phase == "forward":
                raise _Cancelled
            if seen["state"] not in ("running", "undoing"):
                raise _Ended
            self._watch(Moment(seen["saga"], phase, step, unit, "written"))
            if "result" in seen:
                return dict(seen["result"])
            await DBOS.sleep_async(min(seen["seconds"], _LOOK_SECONDS))

    async def _tried(self, order: Order, phase: str, act: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        """Do a step; one that has failed waits for a person, and is done again."""
        while True:
            try:
                return await act()
            except Exception as error:
                await self.park(order, f"{type(error).__name__}: {error}")
            while (await self.state(order)) == "parked":
                await DBOS.sleep_async(_LOOK_SECONDS)

    @_step()
    async def begin(self, order: Order) -> str:
        """Show that the operation is under way; returns its saga."""
        operation = await self._read(order)
        if operation.state == "queued":
            await self._status.write(operation, state="running")
        return operation.saga

    @_step()
    async def units(self, order: Order, step: str) -> list[str]:
        """Return the keys of a step's units."""
        operation = await self._read(order)
        work = Work(self._deps, operation, {})
        return [unit.key for unit in await units_of(SAGAS[operation.saga].step(step), work)]

    @_step()
    async def act(self, order: Order, phase: str, step: str, unit: str, results: Results) -> dict[str, Any]:
        """Call a step's function once, unless the operation is to be undone or has ended."""
        operation = await self._read(order)
        seen: dict[str, Any] = {"state": operation.state, "saga": operation.saga}
        if operation.state != ("running" if phase == "forward" else "undoing"):
            return seen
        saga_step = SAGAS[operation.saga].step(step)
        function = saga_step.forward if phase == "forward" else saga_step.undo
        assert function is not None
        moment = partial(Moment, operation.saga, phase, step, unit)
        self._watch(moment("begun"))
        outcome = await function(Work(self._deps, operation, results, Unit(unit)))
        if isinstance(outcome, Done) and phase == "forward":
            await self._status.keep(operation, step, outcome.result)
        self._watch(moment("returned"))
        return seen | ({"result": outcome.result} if isinstance(outcome, Done) else {"seconds": outcome.seconds})

    @_step()
    async def turn_round(self, order: Order) -> None:
        """Show that the operation is being undone."""
        await self._status.write(await self._read(order), state="undoing", phase="undo")

    @_step()
    async def park(self, order: Order, sentence: str) -> None:
        """Show that the operation waits for a person."""
        reason = {"slug": "failed", "sentence": sentence}
        await self._status.write(await self._read(order), state="parked", reason=reason)

    @_step()
    async def state(self, order: Order) -> str:
        """Return the operation's state."""
        return (await self._read(order)).state

    @_step()
    async def finish(self, order: Order, state: str) -> None:
        """Show that the operation has ended."""
        await self._status.write(await self._read(order), state=state)

    @_step()
    async def tell(self, order: Order, phase: str, step: str | None, state: str = "done") -> None:
        """Publish that a step is done, or that the operation has ended; again under the same id, if it is repeated."""
        event = told_of(await self._read(order), phase, state, step)
        await self._bus.publish(msgspec.structs.replace(event, id=f"evt_{order['operation']}_{phase}_{step or state}"))

    async def end(self, order: Order, phase: str, state: str) -> None:
        """Show and tell that the operation has ended."""
        await self.finish(order, state)
        await self.tell(order, phase, None, state)

    async def _read(self, order: Order) -> Operation:
        return await self._status.read(order["operation"], order["project"])
