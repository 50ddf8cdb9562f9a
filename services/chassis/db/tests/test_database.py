"""Transactions see the rows of their projects, as the roles that production uses."""

import asyncpg
import pytest
from sqlalchemy import Integer, bindparam, event, insert, select, text
from sqlalchemy.exc import DBAPIError

from services.chassis.db import Database, Read, is_transient
from services.chassis.testing.sample.schema import SCHEMA, things


@pytest.fixture
async def db(fresh_database):
    settings = await fresh_database(SCHEMA)
    db = Database(settings, service="sample")
    yield db
    await db.close()


async def add(db, project, name):
    async with db.project(project) as tx:
        await tx.execute(insert(things).values(id=name, project_id=project, name=name))


async def names(tx):
    return sorted((await tx.execute(select(things.c.name))).scalars())


async def test_a_project_sees_its_own_rows_only(db):
    await add(db, "prj_a", "a")
    await add(db, "prj_b", "b")
    async with db.project("prj_a") as tx:
        assert await names(tx) == ["a"]
    async with db.project("prj_a", "prj_b") as tx:
        assert await names(tx) == ["a", "b"]


async def test_without_a_scope_a_tenant_table_looks_empty(db):
    await add(db, "prj_a", "a")
    for _ in range(2):
        async with db.unscoped() as tx:
            assert await names(tx) == []


async def test_a_row_of_another_project_cannot_be_written(db):
    await add(db, "prj_b", "b")
    with pytest.raises(DBAPIError, match="row-level security"):
        async with db.project("prj_a") as tx:
            await tx.execute(insert(things).values(id="x", project_id="prj_b", name="x"))
    async with db.project("prj_a") as tx:
        await tx.execute(things.update().values(name="mine now"))
        await tx.execute(things.delete())
    async with db.project("prj_b") as tx:
        assert await names(tx) == ["b"]


async def test_a_reconciler_sees_all_and_the_role_ends_with_its_transaction(db):
    await add(db, "prj_a", "a")
    await add(db, "prj_b", "b")
    async with db.all_projects(purpose="count things") as tx:
        assert await names(tx) == ["a", "b"]
        shown = await tx.execute(text("SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()"))
        assert shown.scalar_one() == "sample: count things"
    async with db.project("prj_a") as tx:
        assert await names(tx) == ["a"]


async def test_the_service_owns_nothing(db):
    for statement in (
        "ALTER TABLE things DISABLE ROW LEVEL SECURITY",
        "DROP POLICY project_scope ON things",
        "TRUNCATE things",
        "CREATE TABLE mine (id int)",
        "UPDATE alembic_version SET version_num = '9999'",
    ):
        with pytest.raises(DBAPIError, match=r"must be owner|permission denied"):
            async with db.unscoped() as tx:
                await tx.execute(text(statement))


@pytest.mark.parametrize("bad", ["", "a,b", "prj_a,prj_b", "x' OR true", "ü"])
async def test_an_odd_project_id_is_refused(db, bad):
    with pytest.raises(ValueError):
        async with db.project(bad):
            pass


async def test_no_project_at_all_is_refused(db):
    with pytest.raises(ValueError):
        async with db.project():
            pass


def test_a_connection_whose_end_is_not_read_yet_is_transient_and_other_states_of_asyncpg_are_not():
    unread = "cannot switch to state 12; another operation (2) is in progress"
    assert is_transient(asyncpg.InternalClientError(unread))
    assert not is_transient(asyncpg.InternalClientError("got result for unknown protocol state 12"))


async def test_a_lost_connection_is_transient_and_a_wrong_query_is_not(db):
    with pytest.raises(Exception) as lost:
        async with db.unscoped() as tx:
            await tx.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert is_transient(lost.value)
    with pytest.raises(Exception) as wrong:
        async with db.unscoped() as tx:
            await tx.execute(text("SELECT no_such_column"))
    assert not is_transient(wrong.value)
    async with db.unscoped() as tx:
        assert (await tx.execute(text("SELECT 1"))).scalar_one() == 1


PAGE = Read(select(things.c.id, things.c.name).order_by(things.c.id).limit(bindparam("most", type_=Integer)))
NAMED = Read(select(things.c.id).where(things.c.name == bindparam("name")).limit(10))


async def test_a_read_sees_its_own_projects_only_and_leaves_no_scope_behind(db):
    for project in ("prj_a", "prj_b", "prj_c"):
        await add(db, project, f"of {project}")
    for scope, seen in (("a", "a"), ("ab", "ab"), ("c", "c"), ("d", "")) * 3:
        rows = await db.read(PAGE, {"most": 10}, [f"prj_{one}" for one in scope])
        assert [row["name"] for row in rows] == [f"of prj_{one}" for one in seen]
    left = await db._reads._pool.fetchval("SELECT current_setting('app.project_ids', true)")
    assert not left
    assert await db._reads._pool.fetch("SELECT id FROM things") == []


async def test_a_read_of_all_sees_every_project_and_other_reads_do_not(db):
    for project in ("prj_a", "prj_b"):
        await add(db, project, f"of {project}")
    for _ in range(2):
        assert [row["name"] for row in await db.read_all(PAGE, {"most": 10})] == ["of prj_a", "of prj_b"]
        assert [row["name"] for row in await db.read(PAGE, {"most": 10}, ["prj_b"])] == ["of prj_b"]
    with pytest.raises(asyncpg.PostgresError, match=r"read-only|permission denied"):
        await db._reads_of_all._pool.execute("UPDATE things SET name = 'x'")


async def test_a_read_keeps_order_and_limit_however_many_rows_there_are(db):
    async with db.project("prj_a", "prj_b") as tx:
        rows = [{"id": f"{n:04}", "project_id": f"prj_{'ab'[n % 2]}", "name": f"n{n}"} for n in range(2000)]
        await tx.execute(insert(things), rows)
    for _ in range(12):  # PostgreSQL may change to a generic plan after the fifth run
        found = await db.read(PAGE, {"most": 5}, ["prj_b"])
        assert [row["id"] for row in found] == ["0001", "0003", "0005", "0007", "0009"]
        assert [row["id"] for row in await db.read(NAMED, {"name": "n7"}, ["prj_a", "prj_b"])] == ["0007"]
        assert await db.read(NAMED, {"name": "n7"}, ["prj_a"]) == []


async def test_a_read_needs_a_limit_projects_and_all_its_values(db):
    with pytest.raises(ValueError, match="limit"):
        Read(select(things))
    with pytest.raises(ValueError, match="project"):
        await db.read(PAGE, {"most": 1}, [])
    with pytest.raises(ValueError, match="id"):
        await db.read(PAGE, {"most": 1}, ["prj_a,prj_b"])
    with pytest.raises(KeyError):
        await db.read(NAMED, {}, ["prj_a"])


async def test_a_read_outlives_a_lost_connection(db):
    await db.read(PAGE, {"most": 1}, ["prj_a"])
    with pytest.raises(Exception) as lost:
        await db._reads._pool.fetch("SELECT pg_terminate_backend(pg_backend_pid())")
    assert is_transient(lost.value)
    assert await db.read(PAGE, {"most": 1}, ["prj_a"]) == []


async def test_a_server_that_ends_each_connection_at_once_is_an_outage(db):
    @event.listens_for(db._engine.sync_engine, "connect")
    def end(connection, _record):
        connection.driver_connection.terminate()

    for _ in range(2):
        with pytest.raises(Exception) as met:
            async with db.unscoped():
                pass
        assert is_transient(met.value)
