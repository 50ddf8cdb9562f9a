"""A process that freezes in the middle of a statement doesn't keep others from the rows that it has locked."""

import asyncio
import multiprocessing
import os
import signal
from contextlib import suppress

import asyncpg
import pytest
from sqlalchemy import insert, text

from services.chassis.db import Database, end_stalled_sessions
from services.chassis.db.settings import without_driver
from services.chassis.db.tenancy import SCOPE_SETTING
from services.chassis.testing.sample.schema import SCHEMA, things

SECONDS = 0.4


def freeze_holding(url, project, locked):
    """Lock the project's rows, send the first half of a statement, and freeze."""

    async def freeze():
        connection = await asyncpg.connect(url)
        await connection.execute(f"BEGIN; SELECT set_config('{SCOPE_SETTING}', '{project}', true)")
        await connection.execute("UPDATE things SET name = 'held'")
        half = asyncio.create_task(connection.prepare("SELECT 1 + $1::int"))
        await asyncio.sleep(0)
        locked.set()
        os.kill(os.getpid(), signal.SIGSTOP)
        await half

    asyncio.run(freeze())


@pytest.fixture
async def db(fresh_database):
    settings = await fresh_database(SCHEMA)
    db = Database(settings, service="sample")
    async with db.project("prj_a") as tx:
        await tx.execute(insert(things).values(id="t", project_id="prj_a", name="free"))
    db.url = without_driver(settings.url)
    yield db
    await db.close()


@pytest.fixture
async def frozen(db):
    spawn = multiprocessing.get_context("spawn")
    locked = spawn.Event()
    process = spawn.Process(target=freeze_holding, args=(db.url, "prj_a", locked))
    process.start()
    assert await asyncio.to_thread(locked.wait, 20.0)
    yield process
    process.kill()
    await asyncio.to_thread(process.join)


async def rename(db):
    async with db.project("prj_a") as tx:
        await tx.execute(text("SET LOCAL lock_timeout = '200ms'"))
        await tx.execute(things.update().values(name="mine now"))


async def renamed_within(db, seconds):
    async with asyncio.timeout(seconds):
        while True:
            with suppress(Exception):
                return await rename(db)
            await asyncio.sleep(0.05)


async def test_rows_are_free_again_a_moment_after_their_holder_froze(db, frozen):
    with pytest.raises(TimeoutError):
        await renamed_within(db, 1.0)
    task = asyncio.create_task(end_stalled_sessions(db, SECONDS))
    try:
        await renamed_within(db, 10.0)
    finally:
        task.cancel()


async def test_a_session_that_works_or_waits_for_a_lock_is_left_alone(db):
    task = asyncio.create_task(end_stalled_sessions(db, SECONDS))
    try:
        async with db.unscoped() as tx:
            await tx.execute(text("SELECT pg_sleep(1.2)"))
        async with db.project("prj_a") as holder:
            await holder.execute(things.update().values(name="held"))
            waiting = asyncio.create_task(wait_for_row(db))
            await asyncio.sleep(1.2)
        await waiting
    finally:
        task.cancel()


async def wait_for_row(db):
    async with db.project("prj_a") as tx:
        await tx.execute(things.update().values(name="after"))
