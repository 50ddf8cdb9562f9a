"""The emulated cloud of a run, on free ports."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.simcloud.knobs.client import Knobs
from lab.simcloud.tests.running import CLOUD_PORTS, RunningCloud
from tests.contract.openstack.cloud import Cloud
from tests.contract.openstack.stage import NAME
from tests.support.ports import free_range

README = Path(__file__).parents[3] / "lab/simcloud/README.md"
SUBNET = "10.99.4.0/24"
OPTIONS = (
    "--step-seconds",
    "0.1",
    "--power-sync-seconds",
    "0.5",
    "--heat-retries",
    "1",
    "--heat-race-names",
    "-raced-",
)
# A machine takes a minute for it: so long that those who look at all see it, however busy this one is.
SPAWNING_SECONDS = 2.0


@contextmanager
def emulated(folder: Path, *options: str) -> Iterator[Cloud]:
    """A cloud without machines, stopped at the end."""
    running = RunningCloud("emulated", folder / "state", free_range(CLOUD_PORTS), SUBNET, *OPTIONS, *options)
    running.start()
    with Knobs(running.state) as knobs:
        knobs.on_work("server", "delay", name=f"{NAME}-life", state="spawning", delay_seconds=SPAWNING_SECONDS)
    try:
        yield Cloud(
            name=running.name,
            region=running.name,
            clouds_file=running.clouds_file,
            image="bm-image",
            flavor="bm.general",
            network="provision",
            patience=1.0,
            emulated=True,
        )
    finally:
        assert running.stop() == 0
