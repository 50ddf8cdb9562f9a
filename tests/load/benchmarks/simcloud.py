"""simcloud with 100,000 nodes and 10,000 stacks, against one that is all but empty."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from keystoneauth1.session import Session

from lab.simcloud.knobs.client import Knobs
from lab.simcloud.tests.running import CLOUD_PORTS, RunningCloud
from tests.load.benchmark import Benchmark, Run
from tests.load.figures import Figure, as_peer, at_most, median
from tests.load.measure import peak_mebibytes
from tests.support.ports import free_range

NODES, STACKS = 100_000, 10_000
FEW = 100
PAGE = 100
PAGES = 50
CHURN = 50
BAREMETAL = {"X-OpenStack-Ironic-API-Version": "1.90"}
# Every list that a client of ours asks for, each filter once; all are read page by page, and measured a page.
LISTS = {
    "nodes": ("baremetal", "/v1/nodes"),
    "nodes with details": ("baremetal", "/v1/nodes/detail"),
    "nodes that are available": ("baremetal", "/v1/nodes?provision_state=available"),
    "nodes with a server": ("baremetal", "/v1/nodes?associated=true"),
    "stacks": ("orchestration", "/stacks"),
    "servers with details": ("compute", "/servers/detail"),
    "ports": ("network", "/v2.0/ports"),
}


def measure(run: Run) -> list[Figure]:
    """Pages of the full cloud, and stacks made and removed in both, in turn."""
    with ExitStack() as stack:
        full, seeding = _cloud(stack, run, "full", NODES, STACKS)
        small, _ = _cloud(stack, run, "small", FEW, FEW)
        seeded = [
            Figure(f"filling it with {NODES} nodes and {STACKS} stacks", seeding, "s"),
            median("starting from that store", "s", [_restart(full) for _ in range(run.rounds)]),
        ]
        pages = [_paged(full, small, *item) for item in LISTS.items()]
        times: dict[str, list[float]] = {"full": [], "small": []}
        for number in range(run.rounds):
            for cloud in (full, small):
                times[cloud.name].append(1000 * _churn(cloud, number) / CHURN)
            run.say(f"round {number + 1}: a stack in {times['full'][-1]:.0f} ms, in {times['small'][-1]:.0f} ms if few")
        alone = as_peer(median("with few others", "ms", times["small"]))
        made = median("a stack made and removed", "ms", times["full"], at_most(1.5, "ratio"), alone)
        return [*seeded, *pages, made, Figure("most memory", peak_mebibytes([full.pid]), "MiB", aim=at_most(300))]


def _cloud(stack: ExitStack, run: Run, name: str, nodes: int, stacks: int) -> tuple[RunningCloud, float]:
    """A cloud of that size, and the seconds that it took to fill it."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cloudpoint-simcloud-")))
    cloud = RunningCloud(name, folder / "state", free_range(CLOUD_PORTS), "10.96.0.0/16", "--step-seconds", "0")
    stack.enter_context(_started(cloud))
    begun = time.monotonic()
    with Knobs(cloud.state) as knobs:
        knobs.seed(nodes=nodes, stacks=stacks)
    run.say(f"{name}: {nodes} free nodes and {stacks} stacks")
    return cloud, time.monotonic() - begun


@contextmanager
def _started(cloud: RunningCloud) -> Iterator[None]:
    cloud.start()
    try:
        yield
    finally:
        cloud.stop()


def _restart(cloud: RunningCloud) -> float:
    cloud.stop()
    begun = time.monotonic()
    cloud.start()
    return time.monotonic() - begun


def _paged(full: RunningCloud, small: RunningCloud, noun: str, place: tuple[str, str]) -> Figure:
    """Pages spread over the whole list, against those of the small cloud."""
    peer = as_peer(median("with few others", "ms", _pages(small, *place)))
    return median(f"a page of {PAGE} {noun}", "ms", _pages(full, *place), peer=peer)


def _pages(cloud: RunningCloud, service: str, path: str) -> list[float]:
    """Milliseconds of pages, from the first to the last, the first once more if there is no other."""
    session = cloud.connect("system" if service == "baremetal" else "admin").session
    markers = _markers(_getter(session, service), path)
    every = max(1, len(markers) // PAGES)
    get, times = _getter(session, service), []
    for marker in (markers[::every] * PAGES)[:PAGES]:
        begun = time.monotonic()
        get(_address(path, PAGE, marker))
        times.append(1000 * (time.monotonic() - begun))
    return times


def _markers(get: Callable[[str], list[Any]], path: str) -> list[str | None]:
    """The marker of each page."""
    markers: list[str | None] = [None]
    while len(items := get(_address(path, 1000, markers[-1]))) == 1000:
        markers.append(items[-1].get("id") or items[-1]["uuid"])
    return markers


def _getter(session: Session, service: str) -> Callable[[str], list[Any]]:
    where = {"service_type": service, "interface": "public"}

    def get(path: str) -> list[Any]:
        body = session.get(path, endpoint_filter=where, headers=BAREMETAL if service == "baremetal" else {}).json()
        return next(value for value in body.values() if isinstance(value, list) and not _are_links(value))

    return get


def _are_links(items: list[Any]) -> bool:
    return bool(items) and set(items[0]) == {"rel", "href"}


def _address(path: str, limit: int, marker: str | None) -> str:
    return f"{path}{'&' if '?' in path else '?'}limit={limit}" + (f"&marker={marker}" if marker else "")


def _churn(cloud: RunningCloud, number: int) -> float:
    """Make stacks like the seeded ones, wait, remove them, wait; the seconds of it."""
    heat = cloud.heat(cloud.connect("admin"))
    template = heat.stacks.template("stack-seed-000001")
    parameters = {"flavor": "bm.general", "image": "bm-image"}
    names = [f"churn-{number}-{one}" for one in range(CHURN)]
    begun = time.monotonic()
    for name in names:
        heat.stacks.create(stack_name=name, template=template, parameters=parameters)
    _until(heat, names, "CREATE_COMPLETE")
    for name in names:
        heat.stacks.delete(name)
    _until(heat, names, None)
    return time.monotonic() - begun


def _until(heat: Any, names: list[str], state: str | None) -> None:
    """Wait until all are in a state, or gone."""
    while True:
        found = {one.stack_name: one.stack_status for one in heat.stacks.list(limit=2 * CHURN)}
        if all(found.get(name) == state for name in names):
            return
        time.sleep(0.05)


BENCHMARK = Benchmark("simcloud", "the emulated cloud with 100,000 nodes and 10,000 stacks", measure, rounds=3)
