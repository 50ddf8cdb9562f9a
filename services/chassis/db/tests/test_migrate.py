"""Migrations reach the newest schema; readiness and the check tell when something is off."""

import shutil
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import Boolean, Column, Table, Text, false

from services.chassis.db import Database, NotReady, Schema, check, migrate, new_metadata, project_column, provision
from services.chassis.db.revise import revise
from services.chassis.testing.sample import schema as sample


async def test_models_and_migrations_of_the_sample_agree(fresh_database):
    assert await check(await fresh_database(sample.SCHEMA), sample.SCHEMA) == []


async def test_migrating_again_changes_nothing(fresh_database):
    settings = await fresh_database(sample.SCHEMA)
    assert await migrate(settings, sample.SCHEMA) == sample.SCHEMA.head == "0001"


async def test_the_check_names_a_missing_table_and_a_missing_protection(fresh_database):
    settings = await fresh_database(sample.SCHEMA)
    owner = await asyncpg.connect(settings.migrate_url)
    await owner.execute("ALTER TABLE things NO FORCE ROW LEVEL SECURITY")
    await owner.execute("DROP TABLE inbox_event")
    await owner.close()
    found = await check(settings, sample.SCHEMA)
    assert any("inbox_event" in one for one in found)
    assert any("protect(op, 'things')" in one for one in found)


async def test_ready_on_this_schema_and_on_a_later_one_but_not_on_an_older(fresh_database):
    settings = await fresh_database(sample.SCHEMA)
    db = Database(settings, service="sample")
    await db.ready(sample.SCHEMA)
    owner = await asyncpg.connect(settings.migrate_url)
    await owner.execute("UPDATE alembic_version SET version_num = '0002'")
    await db.ready(sample.SCHEMA)
    await owner.execute("DELETE FROM alembic_version")
    with pytest.raises(NotReady, match="migrate"):
        await db.ready(sample.SCHEMA)
    await owner.close()
    await db.close()


async def test_not_ready_without_a_server():
    from services.chassis.db import DatabaseSettings

    db = Database(DatabaseSettings(url="postgresql://x:y@127.0.0.1:1/z"), service="sample")
    with pytest.raises(NotReady, match="does not answer"):
        await db.ready(sample.SCHEMA)
    await db.close()


async def test_revise_writes_a_migration_that_protects_and_agrees(fresh_database, tmp_path: Path):
    settings = await fresh_database(sample.SCHEMA)
    folder = tmp_path / "migrations"
    shutil.copytree(sample.SCHEMA.migrations, folder, ignore=shutil.ignore_patterns("__pycache__"))
    metadata = new_metadata()
    for table in sample.metadata.tables.values():
        table.to_metadata(metadata)
    read = Column("read", Boolean, nullable=False, server_default=false())
    Table("notes", metadata, Column("id", Text, primary_key=True), project_column(), read)
    path = await revise(settings, Schema("sample", metadata, folder), "Add notes")
    assert path is not None and path.name == "0002_add_notes.py"
    assert 'protect(op, "notes")' in path.read_text() and "things" not in path.read_text()
    assert "server_default=sa.text('false')" in path.read_text()
    grown = Schema("sample", metadata, folder)
    assert await migrate(settings, grown) == "0002"
    assert await check(settings, grown) == []
    assert await revise(settings, grown, "nothing") is None


async def test_provisioning_again_changes_nothing_but_the_passwords(postgres_admin_dsn, databases):
    names = []
    for password in ("first", "second"):
        made = await provision(
            postgres_admin_dsn, "provisioned", app_password=password, owner_password=password, database="test_provision"
        )
        names.append(made.database)
        connection = await asyncpg.connect(made.app_url)
        await connection.close()
    await databases.drop(names)
