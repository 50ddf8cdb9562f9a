"""The build of a Slurm cluster on a real OpenStack and the rack's machines, against the same by hand."""

from lab.launcher.settings import CloudKind
from tests.load.benchmark import Benchmark, Run
from tests.load.build.ours import MACHINES
from tests.load.build.rounds import measured
from tests.load.figures import Figure
from tests.load.needs import ansible, machines
from tests.load.platform import running


def measure(run: Run) -> list[Figure]:
    """Ours and the floor in turn, on a lab of its own."""
    with running(run.display, MACHINES, CloudKind.OPENSTACK) as platform:
        return measured(platform, run, warm_up=False)


BENCHMARK = Benchmark(
    "lab-build",
    "the same as build, on a real OpenStack",
    measure,
    needs=(machines, ansible),
    rounds=2,
    on_request="it starts an OpenStack of its own and takes about half an hour",
)
