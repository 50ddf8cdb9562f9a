"""The one row of an operation, as a table of work with a status column: no lease, no fence, no outbox."""

from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.db import Database
from services.chassis.saga import Operation
from services.chassis.saga.rows import operation_of
from services.chassis.saga.states import ACTIVE, FINAL
from services.chassis.saga.tables import OPERATION, UNIT
from services.cluster.storage.clusters import change_cluster
from services.cluster.storage.hosts import change_hosts
from tests.faults.peers.work import Results


class Status:
    """Reads and writes the rows of operations."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def under_way(self) -> list[Operation]:
        """Return all operations on which there is work to do."""
        query = select(OPERATION).where(OPERATION.c.state.in_(ACTIVE)).order_by(OPERATION.c.created_at)
        async with self._db.all_projects(purpose="find work") as tx:
            return [operation_of(row) for row in await tx.execute(query)]

    async def read(self, operation_id: str, project_id: str) -> Operation:
        """Return an operation as it is now."""
        async with self._db.project(project_id) as tx:
            row = (await tx.execute(select(OPERATION).where(OPERATION.c.id == operation_id))).one()
        return operation_of(row)

    async def results(self, operation: Operation) -> Results:
        """Return what the steps of an operation have kept."""
        query = select(UNIT.c.step, UNIT.c.result).where(UNIT.c.operation_id == operation.id)
        async with self._db.project(operation.project_id) as tx:
            return {row.step: row.result for row in await tx.execute(query)}

    async def keep(self, operation: Operation, step: str, result: dict[str, Any]) -> None:
        """Keep what a step made, whatever it kept before."""
        async with self._db.project(operation.project_id) as tx:
            await _keep(tx, operation, step, result)

    async def write(self, operation: Operation, kept: Results | None = None, **values: Any) -> Operation:
        """Change an operation's row, whoever else has changed it, with what steps have ``kept``.

        With its end comes that of its cluster's work.
        """
        query = update(OPERATION).where(OPERATION.c.id == operation.id)
        query = query.values(**values, changed_at=func.now()).returning(OPERATION)
        async with self._db.project(operation.project_id) as tx:
            row = (await tx.execute(query)).one()
            for step, result in (kept or {}).items():
                await _keep(tx, operation, step, result)
            if values.get("state") in FINAL:
                await _release(tx, operation, values["state"])
        return operation_of(row)


async def _keep(tx: AsyncConnection, operation: Operation, step: str, result: dict[str, Any]) -> None:
    names = {"operation_id": operation.id, "step": step, "key": "", "project_id": operation.project_id}
    row = names | {"position": 0, "payload": {}, "phase": "forward", "state": "done", "result": result}
    same = ["operation_id", "step", "key"]
    await tx.execute(insert(UNIT).values(row).on_conflict_do_update(index_elements=same, set_={"result": result}))


async def _release(tx: AsyncConnection, operation: Operation, state: str) -> None:
    gone = {"state": "deleted"} if state == "undone" else {}
    await change_cluster(tx, operation.subject, operation_id=None, **gone)
    if state == "undone":
        await change_hosts(tx, operation.subject, state="removed")
