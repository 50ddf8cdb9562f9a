"""``python -m tests.faults.long``: kill workers at random until so many were killed, over all runs."""

import asyncio
import logging
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
import structlog

from tests.faults.choice import commit
from tests.faults.lane import Lane, WorkersGone
from tests.faults.long.ledger import Ledger
from tests.faults.long.lives import Lived, drawn, live
from tests.faults.long.report import bound, report
from tests.faults.stage import Stage, new_folder, open_stage

_PAGES = Path(__file__).parents[3] / "docs/developer"
_TOLD_EVERY_SECONDS = 30.0


@click.command()
@click.option(
    "--kills",
    default=10_000,
    show_default=True,
    help="Go on until there were so many since the last failure, in all runs.",
)
@click.option("--minutes", default=600.0, show_default=True, help="Begin no life after so long.")
@click.option("--lanes", default=6, show_default=True, help="How many clusters live side by side.")
@click.option("--seconds", default=90.0, show_default=True, help="How long a wait of a life may last.")
@click.option("--seed", help="Draw lives by this seed, instead of going on with the newest of this commit.")
@click.option("--only", type=int, multiple=True, help="Live just the lives of these numbers, and keep no record.")
@click.option("--pages", type=click.Path(path_type=Path), default=_PAGES, help="Where random-kills.json and .md are.")
def main(
    kills: int, minutes: float, lanes: int, seconds: float, seed: str | None, only: tuple[int, ...], pages: Path
) -> None:
    """Build clusters while their workers are killed, judge what is left, and write the report."""
    if only and not seed:
        raise click.UsageError("a life is drawn by its number and a seed: give --seed too")
    ledger = Ledger(None if only else pages / "random-kills.json", commit(), seed)
    end = time.monotonic() + 60.0 * minutes
    numbers = list(only)

    def next_number() -> int | None:
        if only:
            return numbers.pop() if numbers else None
        return ledger.hand_out() if ledger.kills < kills and time.monotonic() < end else None

    try:
        _run(ledger, next_number, min(lanes, len(only) or lanes), seconds)
    except WorkersGone as gone:
        click.echo(f"faults-long: broken off, {gone}")
        sys.exit(2)
    finally:
        if not only:
            (pages / "random-kills.md").write_text(report(ledger))
    sys.exit(_told(ledger))


def _run(ledger: Ledger, next_number: Callable[[], int | None], lanes: int, seconds: float) -> None:
    folder = new_folder()
    click.echo(f"faults-long: seed {ledger.run.seed}, from {ledger.kills} kills on, {lanes} lanes, logs in {folder}")
    told = [time.monotonic()]

    def tell(lived: Lived) -> None:
        ledger.add(lived)
        if lived.differs:
            click.echo(
                f"  ✗ life {lived.number}: {lived.differs[0]}\n    {drawn(ledger.run.seed, lived.number).replay}"
            )
        if time.monotonic() - told[0] > _TOLD_EVERY_SECONDS:
            told[0] = time.monotonic()
            click.echo(f"  {ledger.kills:,} kills in {ledger.lives:,} lives")

    async def run() -> None:
        async with open_stage(folder, lanes, seconds) as stage:
            await _live_all(stage, ledger.run.seed, next_number, tell)

    with (folder / "services.log").open("a") as log:
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(log))
        logging.basicConfig(stream=log)
        asyncio.run(run())
    if not ledger.run.failures:
        shutil.rmtree(folder, ignore_errors=True)


async def _live_all(
    stage: Stage, seed: str, next_number: Callable[[], int | None], tell: Callable[[Lived], None]
) -> None:
    async def on(lane: Lane) -> None:
        while (number := next_number()) is not None:
            tell(await live(lane, drawn(seed, number)))

    await asyncio.gather(*(on(lane) for lane in stage.lanes))


def _told(ledger: Ledger) -> int:
    """Print the last line; returns the exit code."""
    failed = len(ledger.run.failures)
    verdict = f"failed, {failed} lives of seed {ledger.run.seed}" if failed else "ok"
    click.echo(f"faults-long: {verdict}, {ledger.kills:,} kills in {ledger.lives:,} lives. {bound(ledger)}")
    return 1 if failed else 0


if __name__ == "__main__":
    main()
