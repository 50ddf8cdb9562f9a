"""100 builds at once without machines, against the same stacks by Heat's API alone."""

from tests.load.benchmark import Benchmark, Run
from tests.load.figures import Figure, as_peer, at_most, median, p99
from tests.load.machineless.customer import Build, Customer
from tests.load.machineless.floor import CloudFloor, floor_of
from tests.load.machineless.platform import MachinelessPlatform, running
from tests.load.measure import cpu_seconds
from tests.load.needs import root

BUILDS = 100
HOSTS = 3
# The platform sees some seconds later that machines are free again: as many more wait for the next round.
TIMES = 2
OVERHEAD_SECONDS = 1.0
HAND_OVER_MILLIS = 100.0


def measure(run: Run) -> list[Figure]:
    """Ours and the floor in turn."""
    with running(run.display, TIMES * BUILDS * HOSTS) as platform:
        customer = Customer(platform)
        floor = _floor_of(platform, customer)
        ours: list[Build] = []
        floors: list[float] = []
        cpu: list[float] = []
        for number in range(run.rounds):
            before = _cpu(platform)
            orders = customer.order([f"r{number}-{one}" for one in range(BUILDS)], HOSTS)
            ours += customer.built(orders)
            cpu.append((_cpu(platform) - before) / BUILDS)
            customer.delete(orders)
            floors += floor.build([f"floor{number}-{one}" for one in range(BUILDS)])
            slowest = max(build.seconds for build in ours[-BUILDS:])
            run.say(
                f"round {number + 1}: all ready after {slowest:.1f} s, the cloud alone {max(floors[-BUILDS:]):.1f} s"
            )
    return figures(ours, floors, cpu)


def figures(ours: list[Build], floors: list[float], cpu: list[float]) -> list[Figure]:
    """Whole builds, their overhead, the hand-over between steps, the split."""
    alone = as_peer(p99("the cloud alone", "s", floors))
    whole = p99("POST /v1/clusters to ready, p99", "s", [one.seconds for one in ours], peer=alone)
    overhead = Figure("overhead a build, p99", whole.value - alone.value, "s", aim=at_most(OVERHEAD_SECONDS))
    between = [1000 * seconds for one in ours for seconds in one.between]
    return [
        whole,
        overhead,
        median("CPU of the platform a build", "s", cpu),
        p99("hand-over between steps, p99", "ms", between, at_most(HAND_OVER_MILLIS)),
        p99("until the first step, p99", "s", [one.queued for one in ours]),
        *(median(f"  {step}", "s", [one.steps[step] for one in ours]) for step in ours[0].steps),
    ]


def _floor_of(platform: MachinelessPlatform, customer: Customer) -> CloudFloor:
    """The floor of clusters like one that is built, exported and deleted before anything is measured."""
    orders = customer.order(["first"], HOSTS)
    customer.built(orders)
    export = customer.export(orders[0])
    customer.delete(orders)
    return floor_of(platform.clouds_file, export)


def _cpu(platform: MachinelessPlatform) -> float:
    """CPU of all services so far, without that of the cloud."""
    kept = platform.supervisor.kept()
    return cpu_seconds([one["pid"] for one in kept if not one["name"].startswith("simcloud")])


BENCHMARK = Benchmark("builds", "100 builds at once, without machines", measure, needs=(root,), rounds=2)
