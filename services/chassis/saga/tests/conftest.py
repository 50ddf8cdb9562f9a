"""A sample service with a database, a world of files and workers."""

import asyncio

import msgspec
import pytest
from sqlalchemy import select

from services.chassis.db import Database
from services.chassis.saga import OperationStore, SagaSettings, SagaWorker
from services.chassis.testing.sample.saga import BUILD, tell
from services.chassis.testing.sample.schema import SCHEMA, things
from services.chassis.testing.sample.world import World
from services.chassis.testing.waiting import until

QUICK = SagaSettings(lease_seconds=1.0, poll_seconds=0.1, retry_seconds=0.01, longest_retry_seconds=0.02)
PROJECT = "prj_a"
BUILT = ["hold-thing_1", "part-thing_1-p0", "part-thing_1-p1", "part-thing_1-p2"]


@pytest.fixture
async def settings(fresh_database):
    return msgspec.structs.replace(await fresh_database(SCHEMA), pool_size=10)


@pytest.fixture
async def db(settings):
    db = Database(settings, service="sample")
    yield db
    await db.close()


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture
async def workers(db, world):
    """Start workers of given sagas; all are stopped at the end."""
    tasks = []

    def start(*sagas, deps=world, settings=QUICK, **options):
        worker = SagaWorker(db, sagas or [BUILD], deps, settings, on_change=tell, **options)
        tasks.append(asyncio.create_task(worker.run()))
        return tasks[-1]

    yield start
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Operations:
    """Short ways to ask for things and to wait, for one project."""

    def __init__(self, db):
        self.db = db
        self.store = OperationStore(on_change=tell)

    async def create(self, saga=BUILD, subject="thing_1", **params):
        async with self.db.project(PROJECT) as tx:
            return await self.store.create(tx, saga, project_id=PROJECT, subject=subject, params=params)

    async def get(self, operation):
        async with self.db.project(PROJECT) as tx:
            return await self.store.get(tx, operation.id)

    async def steps(self, operation):
        async with self.db.project(PROJECT) as tx:
            return {step.name: step for step in await self.store.steps(tx, operation.id)}

    async def ask(self, wish, operation):
        async with self.db.project(PROJECT) as tx:
            return await getattr(self.store, wish)(tx, operation.id)

    async def becomes(self, operation, *states, seconds=20.0):
        async def there():
            return (await self.get(operation)).state in states

        try:
            await until(there, seconds)
        except TimeoutError:
            raise AssertionError(f"still {await self.get(operation)} {await self.steps(operation)}") from None
        return await self.get(operation)


@pytest.fixture
def operations(db):
    return Operations(db)


async def rows(db):
    """The ids of the things that are written down."""
    async with db.project(PROJECT) as tx:
        return list((await tx.execute(select(things.c.id))).scalars())
