"""``python -m tests.load``: the benchmarks, each interleaved with its peer in one run, told as tables and as JSON.

Ratios to a peer say more than figures alone, which depend on the machine and on what else runs there.
"""

import signal
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from lab.launcher.display import Display
from lab.launcher.settings import default_state
from tests.load.benchmark import Benchmark, Run, found
from tests.load.report import Outcome, last_line, table_of, write
from tests.load.running import outcomes_of


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--list", "only_list", is_flag=True, help="Say which benchmarks there are, and run none.")
@click.option("--json", "path", type=click.Path(path_type=Path), help="Where to write  [default: .state/bench.json].")
@click.option("--rounds", type=click.IntRange(1), help="Of each benchmark  [default: as the benchmark says].")
@click.option("--seconds", default=2.0, show_default=True, help="Of one round, where requests are counted.")
@click.option("--connections", default=16, show_default=True, help="Requests at once, where they are counted.")
def main(
    names: tuple[str, ...], only_list: bool, path: Path | None, rounds: int | None, seconds: float, connections: int
) -> None:
    """Run the benchmarks that this machine can run, or those that are named, and print their figures."""
    chosen = _chosen(names)
    if only_list:
        return _list(chosen)
    # A benchmark that is told to stop takes down what it started, as by Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    display = Display(Console(highlight=False, width=130))

    def run_of(benchmark: Benchmark) -> Run:
        return Run(rounds or benchmark.rounds, seconds, connections, display)

    outcomes: list[Outcome] = []
    path = path or default_state() / "bench.json"
    for outcome in outcomes_of(chosen, bool(names), run_of):
        outcomes.append(outcome)
        write(path, outcomes)
        _tell(display, outcome)
    display.heading(f"Figures, samples and machine: {path}")
    display.say(last_line(outcomes))
    sys.exit(1 if any(outcome.failed or (names and outcome.skipped) for outcome in outcomes) else 0)


def _chosen(names: tuple[str, ...]) -> list[Benchmark]:
    known = {benchmark.name: benchmark for benchmark in found()}
    if unknown := [name for name in names if name not in known]:
        raise click.BadParameter(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(known)}")
    return [known[name] for name in names] if names else list(known.values())


def _list(benchmarks: list[Benchmark]) -> None:
    for benchmark in benchmarks:
        why_not = "; ".join(benchmark.missing()) or benchmark.on_request
        click.echo(f"{benchmark.name:14} {benchmark.summary}" + (f"  ({why_not})" if why_not else ""))


def _tell(display: Display, outcome: Outcome) -> None:
    if outcome.skipped:
        display.heading(f"{outcome.benchmark.name}: skipped, {escape(outcome.skipped)}")
    elif outcome.failed:
        display.console.print(f"[red]✗[/] {outcome.benchmark.name} failed:\n{escape(outcome.failed)}")
    else:
        display.console.print(table_of(outcome.figures))


if __name__ == "__main__":
    main()
