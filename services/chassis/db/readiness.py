"""Is the database there, and is its schema one that this release runs on?"""

from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

if TYPE_CHECKING:
    from services.chassis.db.migrate import Schema


class NotReady(RuntimeError):
    """The database cannot be used now; the message is a sentence for an operator."""


async def check_ready(engine: AsyncEngine, schema: "Schema") -> None:
    """Raise NotReady unless the schema is this release's or a later one.

    A release runs on its own schema and on the next, because migrations expand first and contract a release later.
    """
    found = await _revision(engine, schema)
    if found < schema.head:
        raise NotReady(
            f"The schema of {schema.service} is at revision {found or 'none'!r}, this release needs '{schema.head}': "
            f"run `python -m services.{schema.service} migrate`."
        )


async def _revision(engine: AsyncEngine, schema: "Schema") -> str:
    try:
        async with engine.connect() as connection:
            found = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
    except ProgrammingError:
        return ""
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise NotReady(f"The database of {schema.service} does not answer: {type(error).__name__}.") from error
    return found or ""
