"""``python -m tests.faults``: try every cell of the matrix, or those that are named."""

import asyncio
import logging
import os
import shutil
import sys
import time
from pathlib import Path

import click
import msgspec
import structlog

from services.cluster.sagas.table import SAGAS
from tests.faults import matrix
from tests.faults.campaign import Campaign, Result
from tests.faults.choice import commit, matching
from tests.faults.matrix import Cell
from tests.faults.stage import new_folder, open_stage

_TOLD_EVERY_SECONDS = 10.0


@click.command()
@click.argument("patterns", nargs=-1, metavar="[CELL]...")
@click.option("--lanes", default=6, show_default=True, help="How many clusters live side by side.")
@click.option("--seconds", default=40.0, show_default=True, help="How long a wait of a cell may last.")
@click.option("--report", type=click.Path(path_type=Path), help="Where to write the results as JSON.")
@click.option(
    "--tree", type=click.Path(path_type=Path, exists=True), help="Another checkout to try, such as a patched one."
)
@click.option("--list", "only_list", is_flag=True, help="Print the cells and try none.")
def main(
    patterns: tuple[str, ...], lanes: int, seconds: float, report: Path | None, tree: Path | None, only_list: bool
) -> None:
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
    results = _tried(chosen, min(lanes, len(chosen)), seconds)
    if report is not None:
        _write(report, results)
    sys.exit(_summary(results))


def _run_in(tree: Path) -> None:
    """Become the campaign of another tree, whose services and tests are then tried."""
    arguments = list(sys.argv[1:])
    place = next(n for n, text in enumerate(arguments) if text == "--tree" or text.startswith("--tree="))
    del arguments[place : place + (2 if arguments[place] == "--tree" else 1)]
    os.chdir(tree)
    os.execve(
        sys.executable, [sys.executable, "-m", "tests.faults", *arguments], {**os.environ, "PYTHONPATH": str(tree)}
    )


def _tried(chosen: list[Cell], lanes: int, seconds: float) -> list[Result]:
    folder = new_folder()
    results: list[Result] = []
    progress = _Progress(len(chosen))

    def tell(result: Result) -> None:
        results.append(result)
        progress.tell(result)

    async def run() -> None:
        click.echo(f"faults: {len(chosen)} cells on {lanes} lanes, logs in {folder}")
        async with open_stage(folder, lanes, seconds) as stage:
            await Campaign(stage, tell).run(chosen)

    with (folder / "services.log").open("a") as log:
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(log))
        logging.basicConfig(stream=log)
        asyncio.run(run())
    if all(result.ok for result in results):
        shutil.rmtree(folder, ignore_errors=True)
    return results


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


def _summary(results: list[Result]) -> int:
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


def _write(report: Path, results: list[Result]) -> None:
    document = {"commit": commit(), "ok": all(one.ok for one in results), "cells": results}
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_bytes(msgspec.json.format(msgspec.json.encode(document)))


if __name__ == "__main__":
    main()
