"""A whole platform on an emulated cloud without machines: everything is real but what would run on hosts."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from lab.launcher.display import Display
from lab.launcher.emulated_clouds import READY_DEADLINE_SECONDS, READY_PATH, EmulatedClouds
from lab.launcher.job import Job
from lab.launcher.platform import Platform
from lab.launcher.settings import Cloud, CloudKind, Settings
from lab.launcher.steps import Step
from lab.simcloud.knobs.client import Knobs
from tests.load.platform import running_as

# Room for thousands of hosts on the one provisioning network.
SUBNET = "10.64.0.0/16"
# What takes time in the cloud is not what is measured.
QUICK = ("--step-seconds", "0.02", "--heat-retries", "0")
WITHOUT_MACHINES = ("runner", "relay")


class MachinelessClouds(EmulatedClouds):
    """Simclouds without racks, each filled with ``machines`` nodes."""

    def steps(self, cloud: Cloud) -> list[Step]:
        """Only the cloud."""
        title = f"cloud {cloud.name} with {self._settings.machines} nodes"
        return [Step(f"cloud-{cloud.name}", title, partial(self._fill, cloud), needs=("supervisor",))]

    def down_steps(self) -> list[Step]:
        """There is no power to cut."""
        return []

    def destroy(self) -> None:
        """There is nothing but the state folder."""

    def state(self, cloud: Cloud) -> Path:
        """The cloud's folder."""
        return self.clouds_file(cloud).parent

    def _fill(self, cloud: Cloud) -> None:
        name, folder = f"simcloud-{cloud.name}", self.state(cloud)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        place = ("--name", cloud.name, "--state", str(folder), "--base-port", str(cloud.api_port), "--subnet", SUBNET)
        log = self._settings.logs / f"{name}.log"
        self._supervisor.keep(Job(name, "lab.simcloud", ("serve", *place, *QUICK), str(log), 0))
        self._supervisor.wait_ready(name, (cloud.api_port, READY_PATH), READY_DEADLINE_SECONDS)
        with Knobs(folder) as knobs:
            knobs.seed(nodes=self._settings.machines)


class MachinelessPlatform(Platform):
    """A platform whose runner and relay know hosts that exist only in their memory."""

    def __init__(self, settings: Settings, display: Display) -> None:
        super().__init__(settings, display)
        self.clouds: MachinelessClouds = MachinelessClouds(settings, self.supervisor)

    @property
    def clouds_file(self) -> Path:
        """The log-ins of the one cloud."""
        (cloud,) = self.settings.clouds
        return self.clouds.clouds_file(cloud)

    def _job(self, service: str, command: str) -> Job:
        job = super()._job(service, command)
        if service not in WITHOUT_MACHINES or command == "migrate":
            return job
        arguments = (service, *job.arguments)
        return Job(job.name, "tests.load.machineless.hosts", arguments, job.log, job.rank)


@contextmanager
def running(display: Display, nodes: int) -> Iterator[MachinelessPlatform]:
    """Such a platform while the block runs; it is destroyed afterwards, whatever happens."""
    with running_as(MachinelessPlatform, display, nodes, CloudKind.SIMCLOUD) as platform:
        yield platform
