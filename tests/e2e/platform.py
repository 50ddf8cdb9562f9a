"""A whole platform for tests: started by the launcher as a person would, called by the SDK as a customer would."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from cloudpoint import Client
from cloudpoint.generated import types
from lab.launcher import records
from lab.launcher.job import Job
from lab.launcher.postgres import PrivatePostgres
from lab.launcher.settings import POSTGRES_PORT
from lab.launcher.supervisor_client import SupervisorClient
from tests.e2e.holdings import Cloud, Databases
from tests.faults.armed import Armed

ROOT = Path(__file__).parents[2]
# Another checkout on this machine can have its own, and run at the same time.
CLOUD, OTHER_CLOUD = os.environ.get("CLOUDPOINT_E2E_CLOUDS", "gamma,delta").split(",")
PORT_SHIFT = int(os.environ.get("CLOUDPOINT_E2E_PORT_SHIFT", "4000"))
MACHINES = 3
_CHECKS = """checks:
  - {name: known, summary: The head knows its first user., playbook: checks/known.yaml}
  - {name: marked, summary: That user has left a mark., playbook: checks/marked.yaml}
"""
_START_SECONDS = 240
_STOP_SECONDS = 120
_SHORT_LEASE_SECONDS = 2.0
_ENDED = frozenset({"succeeded", "failed", "parked", "undone"})


@dataclass
class Platform:
    """One running platform: its state folder and the addresses of its two doors."""

    state: Path
    public_url: str = f"http://127.0.0.1:{7480 + PORT_SHIFT}"
    operator_url: str = f"http://127.0.0.1:{7481 + PORT_SHIFT}"
    _clouds: dict[str, Cloud] = field(default_factory=dict)

    def start(self) -> None:
        """Start it with a catalogue that also holds the small blueprint, as it is and with checks."""
        self._launcher("up", _START_SECONDS)

    def stop(self) -> None:
        """Stop it; data and clusters stay."""
        self._launcher("down", _STOP_SECONDS)

    def destroy(self) -> None:
        """Stop it and leave nothing."""
        self._launcher("destroy", _STOP_SECONDS)

    def customer(self) -> Client:
        """A client of the customer that the launcher made."""
        return self.logged_in(self.public_url, "alice@example.org", self.password("customer"))

    def operator(self) -> Client:
        """A client of the operator, at the operators' address."""
        return self.logged_in(self.operator_url, "operator@example.org", self.password("operator"))

    def administrator(self) -> Client:
        """A client of the first administrator, at the operators' address."""
        return self.logged_in(self.operator_url, "admin@example.org", self.password("administrator"))

    def password(self, who: str) -> str:
        """Return a password that the launcher made."""
        return (self.state / "keys" / f"{who}.password").read_text().strip()

    def logged_in(self, url: str, email: str, password: str) -> Client:
        """Return a client that is logged in; open one can wait a little when log-ins come too often."""
        client = Client(url)
        client.transport.token = client.sessions.create(email, password).token
        return client

    def pid_of(self, process: str) -> int | None:
        """Return the pid of a process such as ``cluster-work``; None while it is started anew."""
        identity = records.read(self.state / "run", process)
        return identity.pid if identity else None

    @contextmanager
    def mortal_worker(self) -> Iterator[Armed]:
        """Have a worker that dies, or stands still, where it is told to, in the place of the one the launcher keeps.

        Its leases are short: how soon another one takes over is not what is tried.
        """
        config = self.state / "config" / "cluster.yaml"
        impatient = self.state.parent / "cluster-impatient.yaml"
        settings = yaml.safe_load(config.read_text()) | {"saga": {"lease_seconds": _SHORT_LEASE_SECONDS}}
        settings["listen"]["work_port"] = 0
        impatient.write_text(yaml.safe_dump(settings))
        armed = Armed(self.state.parent / "armed")
        armed.clear()
        self._replace("tests.faults.worker", "--lane", str(impatient), str(self.state.parent / "armed"))
        try:
            yield armed
        finally:
            self._replace("services.cluster", "work", "--config", str(config))

    def _replace(self, module: str, *arguments: str) -> None:
        """Have the launcher's supervisor keep another program as the cluster's worker; return when it has begun."""
        before = self.pid_of("cluster-work")
        log = self.state / "log" / "cluster-work.log"
        SupervisorClient(self.state).keep(Job("cluster-work", module, arguments, str(log)))
        awaited(lambda: self.pid_of("cluster-work"), lambda pid: pid not in (None, before), 30)

    def rack(self, command: str, *arguments: str) -> str:
        """Run a command of the rack and return what it printed."""
        options = ["--state", str(self.state), "--cache", str(_cache())]
        command_line = [sys.executable, "-m", "lab.rack", *options, command, "--name", CLOUD, *arguments]
        done = subprocess.run(command_line, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def clouds(self) -> tuple[str, ...]:
        """The names of its clouds."""
        return (CLOUD, OTHER_CLOUD)

    def machines(self) -> list[str]:
        """Return the names of the machines in the first cloud's rack."""
        return [line.split()[0] for line in self.rack("list").splitlines()[1:]]

    def machine(self, name: str) -> dict[str, Any]:
        """Return what the rack knows of a machine."""
        known: dict[str, Any] = json.loads(self.rack("show", name))
        return known

    def cloud(self, name: str = CLOUD) -> Cloud:
        """Return a cloud as its administrator sees it."""
        if name not in self._clouds:
            self._clouds[name] = Cloud.of_file(self.state / "simcloud" / name / "clouds.yaml")
        return self._clouds[name]

    def databases(self) -> Databases:
        """Return the databases of the services."""
        return Databases(PrivatePostgres(self.state / "postgres", POSTGRES_PORT + PORT_SHIFT).admin_dsn)

    def servers(self, cloud: str = CLOUD) -> list[str]:
        """Return the names of all servers that a cloud holds, over all projects."""
        return self.cloud(cloud).servers()

    def _launcher(self, command: str, seconds: int) -> None:
        catalogue = self.state.parent / "blueprints"
        if not catalogue.exists():
            _make_catalogue(catalogue)
        options = ["--state", str(self.state), "--clouds", f"{CLOUD},{OTHER_CLOUD}", "--machines", str(MACHINES)]
        options += ["--port-shift", str(PORT_SHIFT), "--blueprints", str(catalogue)]
        arguments = [sys.executable, "-m", "lab.launcher", *options, command]
        done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def finished(client: Client, operation_id: str, seconds: float = 240) -> types.Operation:
    """Wait until an operation has ended or is parked."""
    return awaited(lambda: client.operations.show(operation_id), lambda found: found.state in _ENDED, seconds)


def awaited(ask: Callable[[], Any], wanted: Callable[[Any], bool], seconds: float) -> Any:
    """Ask again and again until the answer is as wanted; fails with the last answer after ``seconds``."""
    end = time.monotonic() + seconds
    while True:
        answer = ask()
        if wanted(answer):
            return answer
        assert time.monotonic() < end, f"not in {seconds} s: {answer}"
        time.sleep(0.2)


def raw(client: Client, method: str, path: str, **options: Any) -> httpx.Response:
    """Send a request as it is, without the SDK's retries and decoding."""
    url = f"{client.transport.url}{path}"
    headers = {**client.transport.headers, **options.pop("headers", {})}
    return httpx.request(method, url, headers=headers, timeout=30, **options)


def _cache() -> Path:
    return Path(os.environ.get("CLOUDPOINT_CACHE") or Path.home() / ".cache" / "cloudpoint")


def _make_catalogue(folder: Path) -> None:
    shutil.copytree(ROOT / "blueprints", folder)
    for name in ("small", "checked"):
        shutil.copytree(Path(__file__).parent / "small", folder / name)
        shutil.copytree(ROOT / "blueprints/slurm/infrastructure", folder / name / "infrastructure")
    shutil.copytree(Path(__file__).parent / "checks", folder / "checked/checks")
    document = folder / "checked/blueprint.yaml"
    text = document.read_text().replace("name: small\n", "name: checked\n").replace("checks: []\n", _CHECKS)
    document.write_text(text)
