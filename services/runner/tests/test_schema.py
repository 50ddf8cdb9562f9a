"""Models and migrations agree, and every table of a project is protected."""

from services.chassis.db import check
from services.runner.schema import SCHEMA


async def test_models_and_migrations_agree(fresh_database) -> None:
    assert await check(await fresh_database(SCHEMA), SCHEMA) == []
