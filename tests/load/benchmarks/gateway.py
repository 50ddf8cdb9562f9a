"""Requests through the gateway, pass check and a service, against a service's own health page."""

import asyncio
import statistics
from collections.abc import Sequence

from lab.launcher.platform import Platform
from tests.load.benchmark import Benchmark, Run
from tests.load.figures import Figure, Peer, p99
from tests.load.measure import Round, Target, one_round
from tests.load.needs import root
from tests.load.platform import customer_token, running

PATHS = {"/v1/blueprints": "blueprint", "/v1/clusters": "cluster", "/v1/me": "identity"}


def measure(run: Run) -> list[Figure]:
    """Rates, times and CPU per request."""
    with running(run.display) as platform:
        peer, *targets = targets_of(platform)
        asyncio.run(_measured([peer], 1, run))
        results = asyncio.run(_measured([peer, *targets], run.rounds, run))
    if failures := sum(one.failures for rounds in results.values() for one in rounds):
        raise RuntimeError(f"{failures} requests were not answered with 200")
    alone = results[peer.name]
    return [figure for target in targets for figure in _figures(target.name, results[target.name], peer.name, alone)]


def targets_of(platform: Platform) -> list[Target]:
    """What is measured, the peer first."""
    pids = {kept["name"]: kept["pid"] for kept in platform.supervisor.kept()}
    token = {"Authorization": f"Bearer {customer_token(platform)}"}
    health = f"http://127.0.0.1:{platform.settings.port_of('blueprint')}/healthz"
    peer = Target("a service's /healthz", health, {}, (pids["blueprint-serve"],))
    return [peer, *(_through(platform, path, token, pids, service) for path, service in PATHS.items())]


def _through(platform: Platform, path: str, headers: dict[str, str], pids: dict[str, int], service: str) -> Target:
    on_the_way = tuple(pids[f"{name}-serve"] for name in ("gateway", "authz", service))
    return Target(f"GET {path}", platform.settings.public_url + path, headers, on_the_way)


async def _measured(targets: list[Target], rounds: int, run: Run) -> dict[str, list[Round]]:
    results: dict[str, list[Round]] = {target.name: [] for target in targets}
    for _ in range(rounds):
        for target in targets:
            results[target.name].append(await one_round(target, run.connections, run.seconds))
    return results


def _figures(name: str, rounds: list[Round], peer: str, alone: list[Round]) -> list[Figure]:
    rates, cpu = _rates(rounds), _cpu_micros(rounds)
    peer_rates, peer_cpu = _rates(alone), _cpu_micros(alone)
    return [
        _median(name, "requests/s", rates, Peer(peer, statistics.median(peer_rates), tuple(peer_rates))),
        _median(name, "µs CPU a request", cpu, Peer(peer, statistics.median(peer_cpu), tuple(peer_cpu))),
        _median(name, "ms median", _millis(rounds), Peer(peer, statistics.median(_millis(alone)))),
        p99(name, "ms p99", _millis(rounds), peer=Peer(peer, p99("", "", _millis(alone)).value)),
    ]


def _median(name: str, unit: str, samples: Sequence[float], peer: Peer) -> Figure:
    return Figure(name, statistics.median(samples), unit, tuple(samples), peer)


def _rates(rounds: list[Round]) -> list[float]:
    return [len(one.times) / one.elapsed_seconds for one in rounds]


def _cpu_micros(rounds: list[Round]) -> list[float]:
    return [1e6 * one.cpu_seconds / max(1, len(one.times)) for one in rounds]


def _millis(rounds: list[Round]) -> list[float]:
    return [seconds * 1000 for one in rounds for seconds in one.times]


BENCHMARK = Benchmark("gateway", "requests through the gateway and the check of a pass", measure, needs=(root,))
