"""Databases of services for tests: migrated once a session, copied for each test in some 50 ms."""

import asyncio
import secrets
from collections.abc import Iterable

import asyncpg

from services.chassis.db import Provisioned, Schema, migrate, provision

_PASSWORD = "test-only"


class Databases:
    """Makes them on the server at ``admin_dsn``; ``session`` keeps sessions on one server apart."""

    def __init__(self, admin_dsn: str, *, session: str) -> None:
        self.admin_dsn = admin_dsn
        self._session = session
        self._templates: dict[str, str] = {}

    async def copy(self, schema: Schema) -> Provisioned:
        """Return a new database of ``schema.service`` at the newest revision."""
        template = self._templates.get(schema.service) or await self._make_template(schema)
        return await self._provision(schema, f"{template}_{secrets.token_hex(4)}", template)

    async def drop(self, names: Iterable[str]) -> None:
        """Drop databases, ending what is still connected to them."""
        connection = await asyncpg.connect(self.admin_dsn)
        try:
            for name in names:
                await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        finally:
            await connection.close()

    def drop_templates(self) -> None:
        """Drop what the session shared; for the end of the session, outside any event loop."""
        asyncio.run(self.drop(self._templates.values()))

    async def _make_template(self, schema: Schema) -> str:
        name = f"test_{self._session}_{schema.service}"
        provisioned = await self._provision(schema, name, None)
        await migrate(provisioned.settings(), schema)
        self._templates[schema.service] = name
        return name

    async def _provision(self, schema: Schema, name: str, template: str | None) -> Provisioned:
        return await provision(
            self.admin_dsn,
            schema.service,
            app_password=_PASSWORD,
            owner_password=_PASSWORD,
            database=name,
            template=template,
        )
