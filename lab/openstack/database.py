"""MariaDB with all tables: made once by the services' own commands, afterwards unpacked from the cache."""

import shutil

from lab.launcher.supervisor_client import SupervisorClient
from lab.openstack import programs, schemas
from lab.openstack.control import Control
from lab.openstack.mariadb import PrivateMariadb
from lab.openstack.settings import DATABASES, Settings

START_DEADLINE_SECONDS = 60.0


class Database:
    """The cloud's database server."""

    def __init__(self, settings: Settings, supervisor: SupervisorClient) -> None:
        self._settings = settings
        self._supervisor = supervisor
        self._server = programs.mariadb_of(settings)

    def start(self) -> None:
        """Start it, with tables and users. Raises ServerFailed."""
        if not self._server.initialised():
            self._make_folder()
        self._start(self._server)

    def _make_folder(self) -> None:
        """Make the data folder beside its place, so that what was interrupted is begun again."""
        template = schemas.template(self._settings)
        fresh = PrivateMariadb(
            self._server.folder.with_suffix(".new"), self._server.port, self._settings.logs / f"{programs.MARIADB}.log"
        )
        shutil.rmtree(fresh.folder, ignore_errors=True)
        if template.exists():
            template.unpack(fresh.folder)
        else:
            fresh.initialise()
            self._start(fresh)
            schemas.make(self._settings)
            Control(self._settings, self._supervisor).stop(programs.MARIADB)
            template.keep(fresh.folder)
        fresh.folder.rename(self._server.folder)

    def _start(self, server: PrivateMariadb) -> None:
        self._supervisor.keep(programs.database(self._settings, server).job(self._settings))
        server.wait(START_DEADLINE_SECONDS)
        passwords = {user: self._settings.password(f"database-{user}") for user in sorted(set(DATABASES.values()))}
        server.ensure_databases(passwords, DATABASES)
