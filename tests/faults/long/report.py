"""What a person reads of all runs: how many kills, what failed, and what that says."""

from collections import Counter
from collections.abc import Iterator

from tests.faults.long.ledger import Ledger, Run
from tests.faults.long.lives import drawn

_BOUND = 3.0
"""With no failure in n kills, less than 3/n of them fail, with 95 % confidence: (1 - p)^n = 0.05, p = 3.0/n."""
_WIDEST_BAR = 40
_HEAD = """# Random kills

Clusters are built and deleted, or cancelled and undone, on all services, PostgreSQL, RabbitMQ and simcloud, without
machines, while the worker of their sagas is killed (`kill -9`) again and again: after a number of things done that a
seed draws, wherever it is then (before, after and between its outside calls, statements, commits and events). At the
end each must have left what it should and no more, by the oracle of [the matrix of faults](faults.md). `make
faults-long` goes on where `random-kills.json` ends, and writes both files.
"""


def report(ledger: Ledger) -> str:
    """Return the document, in Markdown."""
    failed = any(run.failures for run in ledger.runs)
    since = " since the last failure" if failed else ""
    return "\n".join(
        [
            _HEAD,
            f"**{ledger.kills:,} kills in {ledger.lives:,} lives{since}: none failed.** {bound(ledger)}\n",
            "| day | commit | seed | built and deleted | undone | kills | failed | a life |",
            "|---|---|---|---|---|---|---|---|",
            *(_row(run) for run in ledger.runs),
            "",
            "Where workers were when they were killed:\n",
            "```",
            *_bars(ledger),
            "```",
            *(("\nWhat failed, each before it was mended:",) if failed else ()),
            *_failures(ledger),
        ]
    )


def bound(ledger: Ledger) -> str:
    """Say what the kills since the last failure prove."""
    if not ledger.kills:
        return "That proves nothing yet."
    return f"So less than {_BOUND / ledger.kills:.3%} of kills lose or double anything, with 95 % confidence."


def _row(run: Run) -> str:
    lives = run.deleted + run.undone + len(run.failures)
    seconds = run.seconds / lives if lives else 0.0
    numbers = (run.deleted, run.undone, run.kills, len(run.failures))
    return f"| {run.day} | {run.commit} | {run.seed} | {' | '.join(f'{n:,}' for n in numbers)} | {seconds:.1f} s |"


def _bars(ledger: Ledger) -> Iterator[str]:
    steps: Counter[str] = Counter()
    for run in ledger.runs:
        for what, count in run.killed.items():
            saga, phase, step, *_ = what.split("~")
            steps[f"{saga} {phase} {step}" if saga else "between steps"] += count
    most = max(steps.values(), default=1)
    for name, count in sorted(steps.items(), key=lambda item: -item[1]):
        yield f"{name:<44} {count:>6,} {'█' * round(_WIDEST_BAR * count / most)}"


def _failures(ledger: Ledger) -> Iterator[str]:
    for run in ledger.runs:
        for failure in run.failures:
            yield f"\n`{drawn(run.seed, failure.number).replay}` at {run.commit}:\n"
            yield from (f"* {sentence}" for sentence in failure.differs)
