"""The processes of the cloud: what each runs, where it says that it is ready, and what has to be there before it."""

import sys
from dataclasses import dataclass
from pathlib import Path

from lab.launcher.job import Job
from lab.openstack.mariadb import PrivateMariadb
from lab.openstack.settings import Settings

WSGI_SERVER = Path(__file__).with_name("wsgi_server.py")
# Stopped from the highest to the lowest: who works and answers, who lets everybody in, who keeps it all.
SERVICE_RANK, KEYSTONE_RANK, DATABASE_RANK = 2, 1, 0
THREADS = 8
# Keystone's AuthContextMiddleware keeps a request's token in an attribute that all threads share.
KEYSTONE_THREADS = 1
MARIADB, RABBITMQ = "mariadb", "rabbitmq"


@dataclass(frozen=True)
class Program:
    """One process. ``door`` is port and path at which GET answers 200 or 300; workers have none."""

    name: str
    command: tuple[str, ...]
    rank: int
    variables: tuple[tuple[str, str], ...] = ()
    door: tuple[int, str] | None = None

    def job(self, settings: Settings) -> Job:
        """What the supervisor is given: the command in an environment of its own, nothing inherited."""
        variables = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", "HOME": str(settings.folder)}
        variables |= {"TMPDIR": str(settings.folder / "tmp"), "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore"}
        assignments = (f"{name}={value}" for name, value in (*variables.items(), *self.variables))
        arguments = ("/usr/bin/env", "-i", *assignments, *self.command)
        log = settings.logs / f"{self.name}.log"
        return Job(self.name, "lab.openstack.launch", arguments, str(log), self.rank)


def mariadb_of(settings: Settings) -> PrivateMariadb:
    """The cloud's own database server."""
    return PrivateMariadb(settings.data / MARIADB, settings.port(MARIADB), settings.logs / f"{MARIADB}.log")


def database(settings: Settings, server: PrivateMariadb) -> Program:
    """The database server."""
    return Program(MARIADB, server.command, DATABASE_RANK)


def keystone(settings: Settings) -> Program:
    """Keystone, which everything else needs."""
    return _api(settings, "keystone", "keystone", "keystone.wsgi.api", KEYSTONE_RANK, KEYSTONE_THREADS)


def others(settings: Settings) -> list[Program]:
    """All that needs Keystone: Ironic first, nova-compute, which ends where Ironic does not answer, last."""
    return [
        _ironic(settings),
        _api(settings, "nova-api", "nova", "nova.wsgi.osapi_compute"),
        _api(settings, "neutron", "neutron", "neutron.wsgi.api"),
        _api(settings, "placement", "placement", "placement.wsgi.api"),
        _api(settings, "glance", "glance", "glance.wsgi.api"),
        _api(settings, "heat-api", "heat", "heat.wsgi.api"),
        _worker(settings, "heat-engine", "heat/heat.conf"),
        _worker(settings, "nova-conductor", "nova/nova.conf"),
        _worker(settings, "nova-scheduler", "nova/nova.conf"),
        _media(settings),
        _worker(settings, "nova-compute", "nova/nova-compute.conf"),
    ]


def every(settings: Settings) -> list[Program]:
    """All processes that the supervisor keeps, in the order of needs."""
    return [database(settings, mariadb_of(settings)), keystone(settings), *others(settings)]


def names(settings: Settings) -> list[str]:
    """The names by which people stop and start processes."""
    return [RABBITMQ, *(program.name for program in every(settings))]


def tool(settings: Settings, name: str) -> str:
    """A command of OpenStack's environment."""
    return str(settings.environment / "bin" / name)


def _api(
    settings: Settings, name: str, service: str, module: str, rank: int = SERVICE_RANK, threads: int = THREADS
) -> Program:
    port, folder = settings.port(service), settings.configuration / service
    variables = ((f"OS_{service.upper()}_CONFIG_DIR", str(folder)), *_config_files(settings, service))
    arguments = ("--config-file", str(folder / "heat.conf")) if service == "heat" else ()
    command = (tool(settings, "python"), "-P", str(WSGI_SERVER), name, str(port), str(threads), module, *arguments)
    return Program(name, command, rank, variables, door=(port, "/"))


def _config_files(settings: Settings, service: str) -> tuple[tuple[str, str], ...]:
    """Files that a WSGI module would not look for by itself; Nova's takes the first for its pipeline."""
    paste = settings.environment / "etc/nova/api-paste.ini"
    files = {"neutron": "neutron.conf;ml2.ini", "nova": f"{paste};nova.conf"}
    return ((f"OS_{service.upper()}_CONFIG_FILES", files[service]),) if service in files else ()


def _worker(settings: Settings, name: str, file: str) -> Program:
    return Program(name, (tool(settings, name), "--config-file", str(settings.configuration / file)), SERVICE_RANK)


def _ironic(settings: Settings) -> Program:
    command = (tool(settings, "ironic"), "--config-file", str(settings.configuration / "ironic/ironic.conf"))
    return Program("ironic", command, SERVICE_RANK, door=(settings.port("ironic"), "/"))


def _media(settings: Settings) -> Program:
    port, folder = settings.port("media"), settings.data / "ironic" / "media"
    command = (sys.executable, "-m", "lab.openstack.media", str(port), str(folder))
    return Program("media", command, SERVICE_RANK)
