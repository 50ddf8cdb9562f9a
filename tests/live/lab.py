"""A platform on a real OpenStack for tests: started by the launcher as a person would, broken by the lab's commands."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openstack
import yaml
from openstack.connection import Connection

from cloudpoint import Client
from lab.launcher.settings import OPERATOR_PORT, PUBLIC_PORT

ROOT = Path(__file__).parents[2]
CLOUD = "live"
PORT_SHIFT = 8000
MACHINES = 4
START_SECONDS = 900
STOP_SECONDS = 300
COMMAND_SECONDS = 120


@dataclass(frozen=True)
class Lab:
    """One running platform, known by its state folder."""

    state: Path
    port_shift: int = PORT_SHIFT

    def start(self) -> None:
        """Start what of it does not run."""
        self._launcher("up", START_SECONDS)

    def destroy(self) -> None:
        """Stop it and leave nothing."""
        self._launcher("destroy", STOP_SECONDS)

    def customer(self) -> Client:
        """A client of the customer that the launcher made."""
        return self._logged_in(PUBLIC_PORT, "alice@example.org", "customer")

    def operator(self) -> Client:
        """A client of the operator, at the operators' address."""
        return self._logged_in(OPERATOR_PORT, "operator@example.org", "operator")

    def facts(self) -> dict[str, Any]:
        """What the lab tells of its cloud."""
        facts: dict[str, Any] = json.loads((self.state / "openstack" / "cloud.json").read_text())
        return facts

    def entry(self, name: str) -> dict[str, Any]:
        """A log-in of clouds.yaml: ``admin``, ``system``, or one of Cloudpoint's own."""
        file = self.state / "openstack" / "clouds.yaml"
        found: dict[str, Any] = yaml.safe_load(file.read_text())["clouds"][name]
        return found

    def connect(self, name: str) -> Connection:
        """A connection by a log-in of clouds.yaml."""
        entry = self.entry(name)
        return openstack.connect(
            load_yaml_config=False, load_envvars=False, region_name=entry["region_name"], auth=entry["auth"]
        )

    def openstack(self, verb: str, *arguments: str) -> str:
        """Run a command of the lab's OpenStack, such as ``stop nova-compute``; returns what it printed."""
        return self._run("lab.openstack", "--port-shift", str(self.port_shift), "--rack", CLOUD, verb, *arguments)

    def rack(self, verb: str, *arguments: str) -> str:
        """Run a command of the rack, such as ``break m1 bmc-dead``; returns what it printed."""
        return self._run("lab.rack", verb, "--name", CLOUD, *arguments)

    def _logged_in(self, port: int, email: str, key: str) -> Client:
        client = Client(f"http://127.0.0.1:{port + self.port_shift}")
        password = (self.state / "keys" / f"{key}.password").read_text().strip()
        client.transport.token = client.sessions.create(email, password).token
        return client

    def _launcher(self, command: str, seconds: int) -> None:
        place = ["--cloud-kind", "openstack", "--clouds", CLOUD, "--port-shift", str(self.port_shift)]
        self._run("lab.launcher", *place, "--machines", str(MACHINES), command, seconds=seconds)

    def _run(self, module: str, *arguments: str, seconds: float = COMMAND_SECONDS) -> str:
        cache = os.environ.get("CLOUDPOINT_CACHE") or str(Path.home() / ".cache" / "cloudpoint")
        command = [sys.executable, "-m", module, "--state", str(self.state), "--cache", cache, *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
        return done.stdout


def awaited(ask: Callable[[], Any], wanted: Callable[[Any], bool], seconds: float) -> Any:
    """Ask again and again until the answer is as wanted; fails with the last answer after ``seconds``."""
    end = time.monotonic() + seconds
    while True:
        answer = ask()
        if wanted(answer):
            return answer
        assert time.monotonic() < end, f"not in {seconds} s: {answer}"
        time.sleep(1.0)
