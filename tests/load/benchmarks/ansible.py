"""Elements on the rack's machines: by the runner in its sandbox and by ansible-playbook, with mitogen and without."""

import asyncio
import logging
import os
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import structlog

from lab.rack.settings import default_cache_root
from lab.rack.tests.bench import Bench
from services.runner.adapters.ansible import AnsibleRuntime
from tests.elements.stand import Stand
from tests.load import needs
from tests.load.benchmark import Benchmark, Run
from tests.load.configuring.account import account
from tests.load.configuring.services import Controller, controller
from tests.load.configuring.ways import Playbook, Spent, by_runner, spent_on
from tests.load.configuring.work import Work
from tests.load.figures import Figure, as_peer, median

MACHINES = 3
SUBNET = "10.97.7.0/24"
STOCK, MITOGEN = "ansible-playbook", "mitogen"
OURS_STOCK, OURS = "ours without mitogen", "ours with mitogen"
SpentOn = Callable[[Callable[[], Awaitable[None]]], Awaitable[Spent]]
PEERS = {OURS_STOCK: STOCK, OURS: MITOGEN}


def measure(run: Run) -> list[Figure]:
    """Apply a Slurm cluster's elements once, then again and again in each way, when nothing is left to change."""
    # The services are in this process: what they log is no part of the table.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory(prefix="cp-ansible-") as place:
        bench = Bench(Path(place) / "rack", f"b{os.getpid() % 100000}", SUBNET)
        try:
            bench.up(MACHINES)
            folder = Path(place) / "stand"
            folder.mkdir()
            stand = Stand(bench, [f"m{number + 1}" for number in range(MACHINES)], folder)
            stand.deploy()
            run.say(f"{MACHINES} machines are up")
            return asyncio.run(_measured(Work.on(stand), Path(place), run))
        finally:
            bench.close()


async def _measured(work: Work, folder: Path, run: Run) -> list[Figure]:
    with account() as spending:
        async with controller(work, folder) as ours:
            return figures(*await _rounds(work, ours, partial(spent_on, account=spending), run))


async def _rounds(work: Work, ours: Controller, spent_on: SpentOn, run: Run) -> tuple[dict[str, list[Spent]], int]:
    """What each way took in each round, and how many tasks there are, over all hosts."""
    mitogen = AnsibleRuntime(default_cache_root() / "ansible").mitogen_plugins
    playbook = Playbook(work.write_playbook(ours.secrets), work.stand.bench.netns)
    first = await spent_on(partial(_played, playbook, mitogen))
    run.say(f"first application, which does not count: {first.wall:.1f} s")
    tasks = await playbook.play(mitogen)
    ways: dict[str, Callable[[], Awaitable[None]]] = {
        OURS: lambda: by_runner(ours.runners[True], ours.authority, work.run()),
        MITOGEN: partial(_played, playbook, mitogen),
        OURS_STOCK: lambda: by_runner(ours.runners[False], ours.authority, work.run()),
        STOCK: partial(_played, playbook, None),
    }
    spent: dict[str, list[Spent]] = {name: [] for name in ways}
    for number in range(run.rounds):
        for name, way in ways.items():
            spent[name].append(await spent_on(way))
        run.say(f"round {number + 1}: " + ", ".join(f"{name} {one[-1].wall:.1f} s" for name, one in spent.items()))
    return spent, tasks


async def _played(playbook: Playbook, mitogen: str | None) -> None:
    await playbook.play(mitogen)


def figures(spent: dict[str, list[Spent]], tasks: int) -> list[Figure]:
    """Wall and controller CPU of each way, in all, and of one task on one host (``tasks`` is their number)."""
    walls = {name: median(name, "s", [one.wall for one in all_of]) for name, all_of in spent.items()}
    each = {name: median(name, "ms", [1000 * one.wall / tasks for one in all_of]) for name, all_of in spent.items()}
    cpus = {name: median(name, "ms", [1000 * one.cpu / tasks for one in all_of]) for name, all_of in spent.items()}
    kinds = (("wall", walls), ("wall a task and host", each), ("CPU a task and host", cpus))
    found = [Figure("tasks and hosts", tasks, "")]
    for kind, figures_of in kinds:
        for name, figure in figures_of.items():
            peer = as_peer(figures_of[PEERS[name]]) if name in PEERS else None
            found.append(median(f"{kind}: {name}", figure.unit, figure.samples, peer=peer))
    return found


BENCHMARK = Benchmark(
    "ansible",
    "a Slurm cluster's elements on three machines: the runner in its sandbox, stock Ansible, mitogen",
    measure,
    needs=(needs.machines, needs.ansible),
)
