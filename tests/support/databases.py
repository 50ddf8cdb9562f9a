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
        self._templates: dict[str, Provisioned] = {}

    async def copy(self, schema: Schema) -> Provisioned:
        """Return a new database of ``schema.service`` at the newest revision."""
        template = self._templates.get(schema.service) or await self._make_template(schema)
        name = f"{template.database}_{secrets.token_hex(4)}"
        connection = await asyncpg.connect(self.admin_dsn)
        try:
            owner = f"{schema.service}_owner"
            await connection.execute(f'CREATE DATABASE "{name}" OWNER "{owner}" TEMPLATE "{template.database}"')
        finally:
            await connection.close()
        return Provisioned(
            name,
            template.app_url.replace(template.database, name),
            template.owner_url.replace(template.database, name),
            template.reconciler_role,
        )

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
        asyncio.run(self.drop(template.database for template in self._templates.values()))

    async def _make_template(self, schema: Schema) -> Provisioned:
        made = await provision(
            self.admin_dsn,
            schema.service,
            app_password=_PASSWORD,
            owner_password=_PASSWORD,
            database=f"test_{self._session}_{schema.service}",
        )
        await migrate(made.settings(), schema)
        self._templates[schema.service] = made
        return made
