"""One cluster of 1,000 nodes without machines, against the same stacks by Heat's API alone."""

import time

from tests.load.benchmark import Benchmark, Run
from tests.load.figures import Figure, as_peer, at_most, median
from tests.load.machineless.customer import Build, Customer
from tests.load.machineless.floor import floor_of
from tests.load.machineless.platform import MachinelessPlatform, running
from tests.load.measure import peak_mebibytes
from tests.load.needs import root

HOSTS = 1000
# The platform sees some seconds later that machines are free again: as many more wait for the next round.
TIMES = 2
PLANS = 5
PLANNED_SECONDS = 1.0
ORCHESTRATION_SECONDS = 30.0
MEMORY_MEBIBYTES = 300


def measure(run: Run) -> list[Figure]:
    """Plans, then the whole build and the floor in turn."""
    with running(run.display, TIMES * HOSTS) as platform:
        customer = Customer(platform)
        planned = [_timed_plan(customer) for _ in range(PLANS)]
        run.say(f"planned in {max(planned):.2f} s at most")
        ours: list[Build] = []
        floors: list[float] = []
        for number in range(run.rounds):
            orders = customer.order([f"large{number}"], HOSTS)
            ours += customer.built(orders)
            floor = floor_of(platform.clouds_file, customer.export(orders[0]))
            customer.delete(orders)
            floors += floor.build([f"floor{number}"])
            run.say(f"round {number + 1}: ready after {ours[-1].seconds:.1f} s, the cloud alone {floors[-1]:.1f} s")
        memory = {name: peak_mebibytes([pid]) for name, pid in _cluster_processes(platform).items()}
    return figures(planned, ours, floors, memory)


def figures(planned: list[float], ours: list[Build], floors: list[float], memory: dict[str, float]) -> list[Figure]:
    """The plan, the whole, what is left of it without the cloud's own time, the split, the memory."""
    alone = as_peer(median("the cloud alone", "s", floors))
    whole = median("POST /v1/clusters to ready", "s", [one.seconds for one in ours], peer=alone)
    beyond = Figure("beyond the cloud's own time", whole.value - alone.value, "s", aim=at_most(ORCHESTRATION_SECONDS))
    return [
        median("planned", "s", planned, at_most(PLANNED_SECONDS)),
        whole,
        beyond,
        *(median(f"  {step}", "s", [one.steps[step] for one in ours]) for step in ours[0].steps),
        Figure("most memory of the cluster service", sum(memory.values()), "MiB", aim=at_most(MEMORY_MEBIBYTES)),
        *(Figure(f"  {name}", value, "MiB") for name, value in memory.items()),
    ]


def _timed_plan(customer: Customer) -> float:
    begun = time.monotonic()
    customer.plan(HOSTS)
    return time.monotonic() - begun


def _cluster_processes(platform: MachinelessPlatform) -> dict[str, int]:
    return {one["name"]: one["pid"] for one in platform.supervisor.kept() if one["name"].startswith("cluster-")}


BENCHMARK = Benchmark("cluster-of-1000", "one cluster of 1,000 nodes, without machines", measure, (root,), rounds=1)
