"""``GET /v1/clusters`` through gateway, pass check and service: against the service alone, and nginx in front of it.

The service is the same process each time. nginx asks the gateway's own decision by ``auth_request``. CPU is that of the
processes in front and the service, without PostgreSQL, whose share is the same in all three.
"""

from collections.abc import Callable
from dataclasses import dataclass

import httpx
import uvloop

from lab.launcher.platform import Platform
from tests.load import seeds, wrk
from tests.load.benchmark import Benchmark, Run
from tests.load.figures import Aim, Figure, as_peer, at_least, at_most, median, p99
from tests.load.inside import headers_for
from tests.load.needs import program, root
from tests.load.nginx import Front, before
from tests.load.paced import paced
from tests.load.platform import customer_token, running

PATH = "/v1/clusters"
SERVICE = "cluster"
WARM_SECONDS = 1.0
LEAST_PACED_SECONDS = 4.0


@dataclass(frozen=True)
class Way:
    """One way to the same answer; ``headers`` are made anew for each round, since a pass lasts a minute."""

    name: str
    url: str
    headers: Callable[[], dict[str, str]]
    pids: tuple[int, ...]


def measure(run: Run) -> list[Figure]:
    """Rates and CPU at full load, times at half of the gateway's."""
    with running(run.display) as platform:
        token = customer_token(platform)
        seeds.clusters(platform, _project(platform, token))
        with before(platform, SERVICE) as front:
            return _figures(run, *_ways(platform, token, front))


def _project(platform: Platform, token: str) -> str:
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx.get(f"{platform.settings.public_url}/v1/projects", headers=headers, timeout=10.0)
    project: str = answer.raise_for_status().json()["items"][0]["id"]
    return project


def _ways(platform: Platform, token: str, front: Front) -> list[Way]:
    pids = {kept["name"]: int(kept["pid"]) for kept in platform.supervisor.kept()}
    service, outside = pids[f"{SERVICE}-serve"], {"Authorization": f"Bearer {token}"}
    alone = f"http://127.0.0.1:{platform.settings.port_of(SERVICE)}"
    authz = pids["authz-serve"]
    return [
        Way("the gateway", platform.settings.public_url, lambda: outside, (pids["gateway-serve"], authz, service)),
        Way("nginx auth_request", front.url, lambda: outside, (*front.pids, authz, service)),
        Way("the service alone", alone, lambda: headers_for(platform, token, SERVICE), (service,)),
    ]


def _figures(run: Run, gateway: Way, nginx: Way, alone: Way) -> list[Figure]:
    ways = (gateway, nginx, alone)
    for way in ways:
        wrk.storm(way.url + PATH, way.headers(), way.pids, run.connections, WARM_SECONDS)
    storms: dict[str, list[wrk.Storm]] = {way.name: [] for way in ways}
    times: dict[str, list[float]] = {gateway.name: [], alone.name: []}
    for _ in range(run.rounds):
        for way in ways:
            storms[way.name].append(wrk.storm(way.url + PATH, way.headers(), way.pids, run.connections, run.seconds))
        half = storms[gateway.name][-1].rate / 2
        for way in (gateway, alone):
            seconds = max(run.seconds, LEAST_PACED_SECONDS)
            times[way.name] += uvloop.run(paced(way.url + PATH, way.headers(), half, seconds))
        run.say(", ".join(f"{name} {taken[-1].rate:.0f}/s" for name, taken in storms.items()))
    return [*_at_full_load(storms, gateway, nginx, alone), *_at_half_load(times, gateway, alone)]


def _at_full_load(storms: dict[str, list[wrk.Storm]], gateway: Way, nginx: Way, alone: Way) -> list[Figure]:
    def rate(way: Way) -> Figure:
        return median(f"rate through {way.name}", "requests/s", [one.rate for one in storms[way.name]])

    def cpu(way: Way) -> Figure:
        return median(f"CPU through {way.name}", "µs a request", [one.cpu_micros for one in storms[way.name]])

    def against(figure: Figure, peer: Figure, aim: Aim | None = None) -> Figure:
        return Figure(figure.name, figure.value, figure.unit, figure.samples, as_peer(peer), aim)

    return [
        against(rate(gateway), rate(nginx), at_least(0.9, "ratio")),
        against(rate(gateway), rate(alone)),
        against(cpu(gateway), cpu(alone), at_most(2.5, "ratio")),
        against(cpu(gateway), cpu(nginx)),
        *(
            median(f"p50 through {way.name}, full load", "ms", [one.p50_millis for one in storms[way.name]])
            for way in (gateway, nginx, alone)
        ),
    ]


def _at_half_load(times: dict[str, list[float]], gateway: Way, alone: Way) -> list[Figure]:
    peer = p99("p99 of the service alone, half load", "ms", times[alone.name])
    mine = "p99 through the gateway, half load"
    return [
        median("p50 through the gateway, half load", "ms", times[gateway.name]),
        p99(mine, "ms", times[gateway.name], at_most(2.0, "ratio"), as_peer(peer)),
    ]


BENCHMARK = Benchmark(
    "api",
    "GET /v1/clusters through the gateway, against the service alone and nginx before it",
    measure,
    needs=(root, program("wrk", "wrk"), program("nginx", "nginx-light")),
)
