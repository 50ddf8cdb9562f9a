"""The real OpenStack, by the command of ``lab/openstack``: it installs, starts the rack, and enrols the machines."""

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from lab.launcher.clouds import Accesses, access_in
from lab.launcher.display import Display
from lab.launcher.following import follow
from lab.launcher.processes import ServerFailed, tail
from lab.launcher.settings import APT_CACHE_PORT, REPOSITORY, Cloud, Settings
from lab.launcher.steps import Step

# The longest that a first start may take: it also installs the packages of all services and builds their databases.
UP_DEADLINE_SECONDS = 900.0
DOWN_DEADLINE_SECONDS = 180.0
STATUS_SECONDS = 60.0
FAILURE_LINES = 40
COMMAND = (sys.executable, "-m", "lab.openstack")
# What the policies of Heat, Nova and Neutron ask of who makes stacks, servers and ports.
ROLES = ("member",)


class RealClouds:
    """One real cloud: a platform has no more of them."""

    def __init__(self, settings: Settings, display: Display) -> None:
        self._settings = settings
        self._display = display
        self._folder = settings.state / "openstack"

    def steps(self, cloud: Cloud) -> list[Step]:
        """All in one: the command orders its own steps, and each is shown when it is done."""
        sentence = f"OpenStack {cloud.name} and its rack: {self._settings.machines} machines"
        return [Step(f"cloud-{cloud.name}", sentence, partial(self._up, cloud))]

    def accesses(self, cloud: Cloud) -> Accesses:
        """Users of the two services alone: the manager of our own domain, and one with the system's scope."""
        facts = json.loads((self._folder / "cloud.json").read_text())
        entries = yaml.safe_load(self.clouds_file(cloud).read_text())["clouds"]
        identity, node = (access_in(entries[facts["logins"][who]]) for who in ("administrator", "operator"))
        operator = access_in(entries["admin"])
        return Accesses(identity, node, operator, domain_id=facts["domain_id"], roles=ROLES)

    def clouds_file(self, cloud: Cloud) -> Path:
        """Written at the first start."""
        return self._folder / "clouds.yaml"

    def ports(self, cloud: Cloud) -> dict[str, int]:
        """None: the command looks at its ports by itself."""
        return {}

    def doors(self) -> dict[str, tuple[int, str]]:
        """None: our supervisor keeps no process of it."""
        return {}

    def processes(self) -> list[dict[str, Any]]:
        """OpenStack's own, as its command reports them."""
        found = []
        for cloud in self._settings.clouds:
            command = [*COMMAND, *self._options(cloud), "status", "-o", "json"]
            done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, timeout=STATUS_SECONDS)
            found += [{**one, "name": f"openstack-{one['name']}"} for one in json.loads(done.stdout or "[]")]
        return found

    def down_steps(self) -> list[Step]:
        """Its services, then its rack."""
        return [
            Step("openstack", f"stop OpenStack {cloud.name} and its rack", partial(self._down, cloud), ("services",))
            for cloud in self._settings.clouds
        ]

    def destroy(self) -> None:
        """Scrap the rack and delete the cloud's data."""
        for cloud in self._settings.clouds:
            self._run(cloud, "clean", DOWN_DEADLINE_SECONDS)

    def _up(self, cloud: Cloud) -> None:
        self._run(cloud, "up", UP_DEADLINE_SECONDS, say=self._display.say)

    def _down(self, cloud: Cloud) -> None:
        self._run(cloud, "down", DOWN_DEADLINE_SECONDS)

    def _run(self, cloud: Cloud, verb: str, deadline_seconds: float, say: Callable[[str], None] | None = None) -> None:
        """Run one verb of the command; ``say`` gets each line that it prints. Raises ServerFailed with its words."""
        self._settings.logs.mkdir(parents=True, exist_ok=True)
        output = self._settings.logs / f"openstack-{verb}.log"
        errors = self._settings.logs / f"openstack-{verb}.err"
        # Files, not pipes: a pipe would end only with the last daemon that inherited it.
        with output.open("wb") as out, errors.open("wb") as err, output.open() as printed:
            child = subprocess.Popen(
                [*COMMAND, *self._options(cloud), verb],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=REPOSITORY,
            )
            code = follow(child, printed, say or _ignore, deadline_seconds)
        if code is None:
            raise ServerFailed(f"`lab.openstack {verb}` did not end in {deadline_seconds:.0f} s; see {output}.")
        if code != 0:
            raise ServerFailed(f"`lab.openstack {verb}` failed:\n{tail(errors, FAILURE_LINES)}")

    def _options(self, cloud: Cloud) -> list[str]:
        settings = self._settings
        options = {
            "--state": settings.state,
            "--cache": settings.cache,
            "--port-shift": settings.port_shift,
            "--rack": cloud.name,
            "--machines": settings.machines,
            "--subnet": cloud.subnet,
            "--bmc-port": cloud.bmc_port,
            "--apt-proxy-port": APT_CACHE_PORT + settings.port_shift,
        }
        return [part for name, value in options.items() for part in (name, str(value))]


def _ignore(line: str) -> None:
    """Nobody wants to see it."""
