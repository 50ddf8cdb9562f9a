"""Clouds by ``lab/simcloud``: a process each, kept by the supervisor; the launcher starts racks, enrols machines."""

from functools import partial
from pathlib import Path
from typing import Any

import yaml

from lab.launcher import enrolment
from lab.launcher.clouds import Accesses, access_in
from lab.launcher.job import Job
from lab.launcher.racks import Racks
from lab.launcher.settings import Cloud, Settings
from lab.launcher.steps import Step
from lab.launcher.supervisor_client import SupervisorClient

READY_DEADLINE_SECONDS = 30.0
READY_PATH = "/v3"
RANK = 0
ROLES = ("member", "heat_stack_owner")


class EmulatedClouds:
    """All simclouds of one platform."""

    def __init__(self, settings: Settings, supervisor: SupervisorClient) -> None:
        self._settings = settings
        self._supervisor = supervisor
        self._racks = Racks(settings)

    def steps(self, cloud: Cloud) -> list[Step]:
        """Rack and cloud at the same time, then the machines' enrolment."""
        rack, api, nodes = f"rack-{cloud.name}", f"cloud-{cloud.name}", f"nodes-{cloud.name}"
        return [
            Step(rack, f"rack {cloud.name}: {self._settings.machines} machines", partial(self._racks.up, cloud)),
            Step(api, f"cloud {cloud.name}", partial(self._start, cloud), needs=("supervisor",)),
            Step(nodes, f"enrol rack {cloud.name} in its cloud", partial(self._enrol, cloud), needs=(rack, api)),
        ]

    def accesses(self, cloud: Cloud) -> Accesses:
        """The administrator's: with the system's scope for ``node``, which is to see every node."""
        entries = yaml.safe_load(self.clouds_file(cloud).read_text())["clouds"]
        project, system = access_in(entries["admin"]), access_in(entries["system"])
        return Accesses(project, system, project, domain_id="default", roles=ROLES)

    def clouds_file(self, cloud: Cloud) -> Path:
        """Written by simcloud at its first start."""
        return self._settings.state / "simcloud" / cloud.name / "clouds.yaml"

    def ports(self, cloud: Cloud) -> dict[str, int]:
        """The first one of each cloud stands for all of them."""
        return {f"cloud {cloud.name}": cloud.api_port}

    def doors(self) -> dict[str, tuple[int, str]]:
        """Keystone's list of versions: it is the last that listens."""
        return {f"simcloud-{cloud.name}": (cloud.api_port, READY_PATH) for cloud in self._settings.clouds}

    def processes(self) -> list[dict[str, Any]]:
        """None: the supervisor keeps them all."""
        return []

    def down_steps(self) -> list[Step]:
        """The clouds themselves end with the supervisor."""
        return [Step("racks", "cut the power of the racks", self._racks.down, needs=("services",))]

    def destroy(self) -> None:
        """Scrap the racks; the clouds' data is in the state folder."""
        self._racks.destroy()

    def _start(self, cloud: Cloud) -> None:
        name, folder = f"simcloud-{cloud.name}", self.clouds_file(cloud).parent
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        ports = ("--base-port", str(cloud.api_port), "--subnet", cloud.subnet)
        arguments = ("serve", "--name", cloud.name, "--state", str(folder), *ports)
        log = self._settings.logs / f"{name}.log"
        self._supervisor.keep(Job(name, "lab.simcloud", arguments, str(log), RANK))
        self._supervisor.wait_ready(name, (cloud.api_port, READY_PATH), READY_DEADLINE_SECONDS)

    def _enrol(self, cloud: Cloud) -> None:
        enrolment.enrol(enrolment.operator(self.clouds_file(cloud)), self._racks.inventory(cloud))
