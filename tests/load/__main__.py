"""``python -m tests.load``: the benchmarks, interleaved round by round, each against the same peer.

The peer is a service's own health page: no gateway, no permission, no database. Ratios to it and CPU per request say
more than rates, which depend on the machine and on what else runs there.
"""

import asyncio
import statistics
import sys

import click
from rich.console import Console
from rich.table import Table

from lab.launcher.platform import Platform
from tests.load.measure import Round, Target, one_round
from tests.load.platform import customer_token, running


@click.command()
@click.option("--rounds", default=5, show_default=True, help="Rounds of each benchmark, interleaved.")
@click.option("--seconds", default=2.0, show_default=True, help="Of one round.")
@click.option("--connections", default=16, show_default=True, help="Requests at once.")
def main(rounds: int, seconds: float, connections: int) -> None:
    """Run the benchmarks and print their table."""
    with running() as platform:
        targets = targets_of(platform)
        asyncio.run(_measure(targets[:1], 1, 0.5, connections))
        results = asyncio.run(_measure(targets, rounds, seconds, connections))
    Console(width=110).print(table_of(results))
    if any(one.failures for taken in results.values() for one in taken):
        sys.exit("Some requests were not answered with 200.")


def targets_of(platform: Platform) -> list[Target]:
    """What is measured, the peer first."""
    pids = {kept["name"]: kept["pid"] for kept in platform.supervisor.kept()}
    token = {"Authorization": f"Bearer {customer_token(platform)}"}
    public, blueprint = platform.settings.public_url, platform.settings.port_of("blueprint")
    way = ("gateway-serve", "authz-serve")
    return [
        Target("peer: a service's /healthz", f"http://127.0.0.1:{blueprint}/healthz", {}, (pids["blueprint-serve"],)),
        _through(public, "/v1/blueprints", token, [pids[name] for name in (*way, "blueprint-serve")]),
        _through(public, "/v1/clusters", token, [pids[name] for name in (*way, "cluster-serve")]),
        _through(public, "/v1/me", token, [pids[name] for name in (*way, "identity-serve")]),
    ]


def _through(public: str, path: str, headers: dict[str, str], pids: list[int]) -> Target:
    return Target(f"GET {path} through the gateway", public + path, headers, tuple(pids))


async def _measure(targets: list[Target], rounds: int, seconds: float, connections: int) -> dict[str, list[Round]]:
    results: dict[str, list[Round]] = {target.name: [] for target in targets}
    for _ in range(rounds):
        for target in targets:
            results[target.name].append(await one_round(target, connections, seconds))
    return results


def table_of(results: dict[str, list[Round]]) -> Table:
    """Rates, times and CPU per request, and the CPU's ratio to the peer's."""
    table = Table(box=None)
    for heading in ("benchmark", "requests/s", "median ms", "p99 ms", "CPU µs a request", "ratio", "failed"):
        table.add_column(heading, justify="left" if heading == "benchmark" else "right")
    peer = _cpu_micros(next(iter(results.values())))
    for name, rounds in results.items():
        times = [seconds * 1000 for one in rounds for seconds in one.times]
        rate = len(times) / sum(one.elapsed_seconds for one in rounds)
        middle, worst = statistics.median(times), statistics.quantiles(times, n=100)[98]
        cpu = _cpu_micros(rounds)
        failed = str(sum(one.failures for one in rounds))
        table.add_row(name, f"{rate:.0f}", f"{middle:.2f}", f"{worst:.2f}", f"{cpu:.0f}", f"{cpu / peer:.1f}", failed)
    return table


def _cpu_micros(rounds: list[Round]) -> float:
    return 1e6 * sum(one.cpu_seconds for one in rounds) / max(1, sum(len(one.times) for one in rounds))


if __name__ == "__main__":
    main()
