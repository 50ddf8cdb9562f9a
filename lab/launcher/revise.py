"""``python -m lab.launcher.revise cluster "add locks"``: write a service's next migration from its models.

A private PostgreSQL in a temporary folder is migrated to the newest revision, compared and thrown away.
"""

import asyncio
import importlib
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from lab.launcher.postgres import PrivatePostgres
from lab.launcher.processes import free_port
from services.chassis.db import Schema, migrate, provision
from services.chassis.db.revise import revise


@click.command()
@click.argument("service")
@click.argument("title")
def main(service: str, title: str) -> None:
    """Write the next migration of SERVICE, named by TITLE."""
    schema: Schema = importlib.import_module(f"services.{service}.schema").SCHEMA
    with tempfile.TemporaryDirectory(prefix="cloudpoint-revise-") as folder:
        server = PrivatePostgres(Path(folder) / "postgres", free_port(), durable=False)
        server.start()
        try:
            path = asyncio.run(_revise(server.admin_dsn, schema, title))
        finally:
            server.stop()
    if path:
        subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(path)], check=False)
    click.echo(f"wrote {path}" if path else "models and migrations agree: nothing written")


async def _revise(admin_dsn: str, schema: Schema, title: str) -> Path | None:
    made = await provision(admin_dsn, schema.service, app_password="app", owner_password="owner")
    if schema.head:
        await migrate(made.settings(), schema)
    return await revise(made.settings(), schema, title)


if __name__ == "__main__":
    main()
