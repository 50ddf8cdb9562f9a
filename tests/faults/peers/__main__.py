"""``python -m tests.faults.peers``: the same cells with our engine, a naive worker and DBOS, side by side."""

import asyncio
import logging
import sys
import time
from pathlib import Path
from typing import Any

import click
import structlog

from tests.faults.campaign import OUTAGES, Campaign
from tests.faults.choice import commit
from tests.faults.matrix import Cell
from tests.faults.peers.choice import LEFT_OUT, compared
from tests.faults.peers.comparison import Comparison, table
from tests.faults.peers.crews import crews, missing
from tests.faults.results import Result
from tests.faults.stage import Stage, new_folder, open_stage

_NAMES = tuple(crews())
_NODES_A_FAILURE = 2
_TOLD_EVERY_SECONDS = 10.0


@click.command()
@click.option("--only", "names", multiple=True, type=click.Choice(_NAMES), help="Try this system, not all.")
@click.option("--lanes", default=2, show_default=True, help="How many clusters of each system live side by side.")
@click.option("--seconds", default=40.0, show_default=True, help="How long a wait of a cell may last.")
@click.option("--report", type=click.Path(path_type=Path), help="Where the results are written as JSON.")
def main(names: tuple[str, ...], report: Path | None, **how: Any) -> None:
    """Try all kills and a sample of other faults with each system, and tell what was left behind."""
    names = names or _NAMES
    if reasons := [reason for name in names if (reason := missing(name))]:
        sys.exit("\n".join(reasons))
    folder, chosen = new_folder(), compared()
    click.echo(f"faults-peers: {len(chosen)} cells each with {', '.join(names)}; logs in {folder}")
    told = Telling(len(chosen) * len(names), {name: [] for name in names})
    with (folder / "services.log").open("a") as log:
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(log))
        logging.basicConfig(stream=log)
        asyncio.run(_compare(folder, chosen, told, **how))
    comparison = Comparison(commit(), told.systems, LEFT_OUT)
    if report is not None:
        comparison.write(report)
    sys.exit(_summary(comparison, len(chosen)))


class Telling:
    """Keeps the results of each system, and tells every few seconds how far they are."""

    def __init__(self, cells: int, systems: dict[str, list[Result]]) -> None:
        self.systems = systems
        self._cells = cells
        self._told = time.monotonic()

    def add(self, result: Result) -> None:
        """Keep a result of the system whose lane it comes from."""
        self.systems[result.lane.partition("-")[0]].append(result)
        done = sum(map(len, self.systems.values()))
        if time.monotonic() - self._told > _TOLD_EVERY_SECONDS or done == self._cells:
            self._told = time.monotonic()
            failed = ((name, sum(not one.ok for one in results)) for name, results in self.systems.items())
            click.echo(f"  {done} of {self._cells} cells; failed: {', '.join(f'{n} {name}' for name, n in failed)}")


async def _compare(folder: Path, chosen: list[Cell], told: Telling, lanes: int, seconds: float) -> None:
    """Try the cells that keep to their lane with each system by itself, and have all of them meet the same outages."""
    wanted = {name: crews()[name] for name in told.systems}
    spare = _NODES_A_FAILURE * len(chosen)
    outages = [cell for cell in chosen if cell.fault in OUTAGES]
    alone = [cell for cell in chosen if cell.fault not in OUTAGES]
    async with open_stage(folder, lanes, seconds, wanted, spare) as stage:
        await asyncio.gather(*(Campaign(stage.of(name), told.add).run(alone) for name in wanted))
        await Campaign(_in_turn(stage), told.add).run(cell for cell in outages for _ in wanted)


def _in_turn(stage: Stage) -> Stage:
    """Return the stage with a lane of each system in turn, so that all of them meet the same outage."""
    turns = zip(*stage.crews.values(), strict=True)
    return Stage({"all": [lane for turn in turns for lane in turn]}, stage.postgres, stage.rabbit)


def _summary(comparison: Comparison, cells: int) -> int:
    """Print the table and the last line; returns the exit code."""
    click.echo("\n".join(["", *table(comparison.systems), ""]))
    for name, reason in LEFT_OUT.items():
        click.echo(f"left out: {name}: {reason}")
    ours = [result for result in comparison.systems.get("ours", []) if not result.ok]
    for result in ours:
        click.echo("\n  ".join(["", f"ours: {result.cell}", *result.differs]))
    for cell in comparison.unproven:
        click.echo(f"its fault did not happen: {cell}")
    bad = ours or comparison.unproven
    click.echo(f"faults-peers: {'failed' if bad else 'ok'}, {cells} cells each with {', '.join(comparison.systems)}")
    return 1 if bad else 0


if __name__ == "__main__":
    main()
