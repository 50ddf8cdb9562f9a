"""Benchmarks one after another: those that can run here, and why the others are left out."""

import datetime
import traceback
from collections.abc import Callable, Iterator, Sequence

from tests.load.benchmark import Benchmark, Run
from tests.load.report import Outcome


def outcomes_of(benchmarks: Sequence[Benchmark], asked: bool, run_of: Callable[[Benchmark], Run]) -> Iterator[Outcome]:
    """Run each and yield what came of it; one that fails stops no other. ``asked``: they were asked for by name."""
    for benchmark in benchmarks:
        run = run_of(benchmark)
        outcome = Outcome(benchmark, _now(), _now(), run.rounds)
        if reasons := benchmark.missing():
            outcome.skipped = "; ".join(reasons)
        elif benchmark.on_request and not asked:
            outcome.skipped = f'{benchmark.on_request}: make bench ARGS="{benchmark.name}"'
        else:
            run.display.heading(f"{benchmark.name}: {benchmark.summary}")
            _measure(outcome, run)
        yield outcome


def _measure(outcome: Outcome, run: Run) -> None:
    try:
        outcome.figures = outcome.benchmark.measure(run)
    except Exception:  # whatever it is, it is told, and the others are measured
        outcome.failed = traceback.format_exc()
    outcome.ended = _now()


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
