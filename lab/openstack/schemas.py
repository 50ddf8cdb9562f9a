"""The services' tables: made by their own commands once, then kept in the cache as a stopped server's data folder.

What is kept holds no password and no address: database users, cells' addresses and Keystone's content come afterwards.
"""

import hashlib
import subprocess
import tarfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab.launcher.processes import ServerFailed, tail
from lab.openstack.mariadb import SERVER
from lab.openstack.programs import tool
from lab.openstack.settings import LOCK, Settings

SYNC_DEADLINE_SECONDS = 240.0
# Nova fills these in from its configuration, so that no address or password is kept in a table.
CELL_DATABASE = "{scheme}://{username}:{password}@{hostname}:{port}/{path}?{query}"
CELL_ZERO_DATABASE = "{scheme}://{username}:{password}@{hostname}:{port}/nova_cell0?{query}"
CELL_MESSAGES = "{scheme}://{username}:{password}@{hostname}:{port}//"
Command = tuple[str, ...]


def commands(settings: Settings) -> dict[str, list[Command]]:
    """What makes each service's tables, in order; services don't wait for each other."""

    def run(name: str, file: str, *arguments: str) -> Command:
        return (tool(settings, name), "--config-file", str(settings.configuration / file), *arguments)

    nova = "nova/nova.conf"
    ml2 = ("--config-file", str(settings.configuration / "neutron/ml2.ini"))
    return {
        "neutron": [run("neutron-db-manage", "neutron/neutron.conf", *ml2, "upgrade", "head")],
        "nova": [
            run("nova-manage", nova, "api_db", "sync"),
            run("nova-manage", nova, "cell_v2", "map_cell0", "--database_connection", CELL_ZERO_DATABASE),
            run(
                *("nova-manage", nova, "cell_v2", "create_cell", "--name", "cell1"),
                *("--transport-url", CELL_MESSAGES, "--database_connection", CELL_DATABASE),
            ),
            run("nova-manage", nova, "db", "sync"),
        ],
        "keystone": [run("keystone-manage", "keystone/keystone.conf", "db_sync")],
        "heat": [run("heat-manage", "heat/heat.conf", "db_sync")],
        "ironic": [run("ironic-dbsync", "ironic/ironic.conf", "upgrade")],
        "glance": [run("glance-manage", "glance/glance-api.conf", "db_sync")],
        "placement": [run("placement-manage", "placement/placement.conf", "db", "sync")],
    }


def make(settings: Settings) -> None:
    """Make all tables, two services at a time. Raises ServerFailed with the end of the log of what failed."""
    with ThreadPoolExecutor(2) as threads:
        for _ in threads.map(lambda item: _make_one(settings, *item), commands(settings).items()):
            pass


def _make_one(settings: Settings, service: str, wanted: Sequence[Command]) -> None:
    for command in wanted:
        run_tool(settings, f"schema-{service}", command)


def run_tool(settings: Settings, name: str, command: Command, variables: dict[str, str] | None = None) -> None:
    """Run one of OpenStack's commands with its output in a log. Raises ServerFailed."""
    log = settings.logs / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(settings.folder), **(variables or {})}
    with log.open("ab") as output:
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=settings.folder,
                env=environment,
                timeout=SYNC_DEADLINE_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            raise ServerFailed(f"{name} did not end in {SYNC_DEADLINE_SECONDS:.0f} s:\n{tail(log)}") from late
    if done.returncode != 0:
        raise ServerFailed(f"{name} failed with exit code {done.returncode}; the end of {log}:\n{tail(log)}")


def template_key(lock: str, server_version: str, wanted: dict[str, list[Command]]) -> str:
    """A name for the tables that a lock's services make on a database server of this version."""
    steps = [
        [Path(part).name if part.startswith("/") else part for part in one] for all_ in wanted.values() for one in all_
    ]
    return hashlib.sha256(repr((lock, server_version, steps)).encode()).hexdigest()[:16]


def template(settings: Settings) -> "Template":
    """The template of what the locked services and the installed database server make."""
    version = subprocess.run([SERVER, "--version"], capture_output=True, text=True, check=True, timeout=20).stdout
    key = template_key(LOCK.read_text(), version, commands(settings))
    return Template(settings.cache / "openstack-tables" / f"{key}.tar.gz")


def bootstrap_keystone(settings: Settings) -> None:
    """Make Keystone's administrator, first roles, region and its own place in the catalogue."""
    url = settings.auth_url
    addresses = [f"--bootstrap-{kind}-url={url}" for kind in ("admin", "internal", "public")]
    command = (
        *(tool(settings, "keystone-manage"), "--config-file", str(settings.configuration / "keystone/keystone.conf")),
        *("bootstrap", "--bootstrap-region-id", settings.rack, *addresses),
    )
    run_tool(settings, "keystone-bootstrap", command, {"OS_BOOTSTRAP_PASSWORD": settings.password("admin")})


class Template:
    """The data folder of a database server with all tables and nothing in them."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def exists(self) -> bool:
        """Say whether it was kept."""
        return self._path.exists()

    def keep(self, folder: Path) -> None:
        """Keep a folder that no server uses now; older templates go."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_name(f".{self._path.name}.new")
        with tarfile.open(fresh, "w:gz", compresslevel=1) as archive:
            archive.add(folder, arcname=".")
        for old in self._path.parent.glob("*.tar.gz"):
            old.unlink()
        fresh.rename(self._path)

    def unpack(self, folder: Path) -> None:
        """Make a data folder from it."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tarfile.open(self._path) as archive:
            # Our own file. Python 3.11.2, as in Debian 12, knows no filters here.
            archive.extractall(folder)
