"""The emulated cloud of a run, on free ports."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.simcloud.tests.running import CLOUD_PORTS, RunningCloud
from tests.contract.openstack.cloud import Cloud
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


@contextmanager
def emulated(folder: Path, *options: str) -> Iterator[Cloud]:
    """A cloud without machines, stopped at the end."""
    running = RunningCloud("emulated", folder / "state", free_range(CLOUD_PORTS), SUBNET, *OPTIONS, *options)
    running.start()
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
