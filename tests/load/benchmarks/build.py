"""The build of a Slurm cluster on the emulated cloud and the rack's machines, against the same by hand."""

from tests.load.benchmark import Benchmark, Run
from tests.load.build.ours import MACHINES
from tests.load.build.rounds import measured
from tests.load.figures import Figure
from tests.load.needs import ansible, machines
from tests.load.platform import running


def measure(run: Run) -> list[Figure]:
    """Ours and the floor in turn, on a platform of its own."""
    with running(run.display, machines=MACHINES) as platform:
        return measured(platform, run)


BENCHMARK = Benchmark(
    "build",
    "a Slurm cluster from the request to ready, against Heat's client and ansible-playbook by hand",
    measure,
    needs=(machines, ansible),
    rounds=3,
)
