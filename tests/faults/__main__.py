"""``python -m tests.faults``: try every cell of the matrix, or those that are named."""

import asyncio
import logging
import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import structlog

from services.cluster.sagas.table import SAGAS
from tests.faults import matrix
from tests.faults.campaign import Campaign
from tests.faults.choice import commit, matching
from tests.faults.results import Result, Results
from tests.faults.stage import new_folder, open_stage

_TOLD_EVERY_SECONDS = 10.0
_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("patterns", nargs=-1, metavar="[CELL]...")
@click.option("--lanes", default=6, show_default=True, help="How many clusters live side by side.")
@click.option("--seconds", default=40.0, show_default=True, help="How long a wait of a cell may last.")
@click.option("--report", type=_PATH, help="Where the results are written as JSON, also when it is interrupted.")
@click.option("--go-on", is_flag=True, help="Keep what is ok in the report of the same commit, and try the others.")
@click.option("--tree", type=_PATH, help="Try another checkout, such as a patched one.")
@click.option("--list", "only_list", is_flag=True, help="Print the cells and try none.")
def main(patterns: tuple[str, ...], only_list: bool, tree: Path | None, report: Path | None, **how: Any) -> None:
    """Try the cells whose id matches one of CELL (such as 'cluster.delete/*/kill'), or all."""
    if tree is not None:
        _run_in(tree)
    chosen = matching(patterns)
    if only_list:
        click.echo("\n".join(cell.id for cell in chosen))
        return
    if wrong := matrix.problems(SAGAS):
        sys.exit("tests/faults/matrix.yaml does not fit the sagas:\n  " + "\n  ".join(wrong))
    if not chosen:
        sys.exit("No cell has such an id: --list prints them all.")
    results = Results(report, commit(), chosen, keep=how["go_on"])
    if results.missing:
        _try(results, min(how["lanes"], len(results.missing)), how["seconds"])
    sys.exit(_summary(results.all))


def _run_in(tree: Path) -> None:
    """Become the campaign of another tree, whose services and tests are then tried."""
    arguments = list(sys.argv[1:])
    place = next(n for n, text in enumerate(arguments) if text == "--tree" or text.startswith("--tree="))
    del arguments[place : place + (2 if arguments[place] == "--tree" else 1)]
    os.chdir(tree)
    os.execve(
        sys.executable, [sys.executable, "-m", "tests.faults", *arguments], {**os.environ, "PYTHONPATH": str(tree)}
    )


def _try(results: Results, lanes: int, seconds: float) -> None:
    folder = new_folder()
    progress = _Progress(len(results.missing))

    def tell(result: Result) -> None:
        results.add(result)
        progress.tell(result)

    async def run() -> None:
        async with open_stage(folder, lanes, seconds) as stage:
            await Campaign(stage, tell).run(results.missing)

    click.echo(f"faults: {len(results.missing)} cells on {lanes} lanes, logs in {folder}")
    with (folder / "services.log").open("a") as log:
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(log))
        logging.basicConfig(stream=log)
        asyncio.run(run())
    if all(result.ok for result in results.all):
        shutil.rmtree(folder, ignore_errors=True)


class _Progress:
    """Tells of each cell that failed at once, and of the others by their number every few seconds."""

    def __init__(self, cells: int) -> None:
        self._cells = cells
        self._done = self._failed = 0
        self._told = time.monotonic()

    def tell(self, result: Result) -> None:
        self._done += 1
        if not result.ok:
            self._failed += 1
            click.echo(f"  ✗ {result.cell} ({result.seconds:.1f} s): {result.differs[0]}")
        if time.monotonic() - self._told > _TOLD_EVERY_SECONDS or self._done == self._cells:
            self._told = time.monotonic()
            failed = f", {self._failed} failed" if self._failed else ""
            click.echo(f"  {self._done} of {self._cells} cells{failed}")


def _summary(results: Sequence[Result]) -> int:
    """Print what failed and the last line; returns the exit code."""
    failed = [result for result in results if not result.ok]
    for result in failed:
        click.echo(f"\n{result.cell}")
        for sentence in result.differs:
            click.echo("  " + sentence.replace("\n", "\n  "))
        click.echo(f"  again: {result.replay}")
    good = len(results) - len(failed)
    click.echo(f"faults: {'failed' if failed else 'ok'}, {good} of {len(results)} cells")
    return 1 if failed else 0


if __name__ == "__main__":
    main()
