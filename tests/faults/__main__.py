"""``python -m tests.faults``: try every cell of the matrix and find the planted bugs, or those that are named."""

import asyncio
import logging
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import click
import structlog

from services.cluster.sagas.table import SAGAS
from tests.faults import matrix, planted
from tests.faults.campaign import Campaign
from tests.faults.choice import commit, matching
from tests.faults.results import Result, Results
from tests.faults.stage import new_folder, open_stage
from tests.faults.telling import Progress, summary, tell_hunt

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("patterns", nargs=-1, metavar="[CELL]...")
@click.option("--lanes", default=6, show_default=True, help="How many clusters live side by side.")
@click.option("--seconds", default=40.0, show_default=True, help="How long a wait of a cell may last.")
@click.option("--report", type=_PATH, help="Where the results are written as JSON, also when it is interrupted.")
@click.option("--go-on", is_flag=True, help="Keep what is ok in the report of the same commit, and try the others.")
@click.option("--tree", type=_PATH, help="Try another checkout, such as a patched one.")
@click.option("--bug", "bugs", multiple=True, help="Find these planted bugs, and try no cells.")
@click.option("--list", "only_list", is_flag=True, help="Print the cells and the planted bugs, and try none.")
def main(patterns: tuple[str, ...], only_list: bool, tree: Path | None, report: Path | None, **how: Any) -> None:
    """Try the cells whose id matches one of CELL (such as 'cluster.delete/*/kill'), or all and the planted bugs."""
    if tree is not None:
        _run_in(tree)
    chosen = matching(patterns)
    if only_list:
        click.echo("\n".join([*(cell.id for cell in chosen), *(f"--bug {bug.name}" for bug in planted.known())]))
        return
    bugs = [] if patterns else _bugs(how["bugs"])
    if wrong := [*matrix.problems(SAGAS), *planted.problems(bugs)]:
        sys.exit("Matrix and planted bugs do not fit the sagas:\n  " + "\n  ".join(wrong))
    if not chosen:
        sys.exit("No cell has such an id: --list prints them all.")
    results = Results(report, commit(), [] if how["bugs"] else chosen, keep=how["go_on"])
    if results.missing:
        _try(results, min(how["lanes"], len(results.missing)), how["seconds"])
    for hunt in planted.hunts(bugs):
        tell_hunt(hunt)
        results.add_hunt(hunt)
    sys.exit(summary(results))


def _bugs(names: tuple[str, ...]) -> list[planted.Bug]:
    known = {bug.name: bug for bug in planted.known()}
    if unknown := [name for name in names if name not in known]:
        raise click.BadParameter(f"there is no planted bug {', '.join(unknown)}; --list prints them all")
    return [known[name] for name in names] if names else list(known.values())


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
    progress = Progress(len(results.missing))

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


if __name__ == "__main__":
    main()
