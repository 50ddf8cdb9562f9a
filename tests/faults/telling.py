"""What a person reads of a campaign: how far it is, what failed, and the last line."""

import time

import click

from tests.faults.results import Hunt, Result, Results

_TOLD_EVERY_SECONDS = 10.0


class Progress:
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


def tell_hunt(hunt: Hunt) -> None:
    """Tell of a planted bug."""
    answer = f"found by {hunt.found_by[0]}" if hunt.found else f"not found{hunt.trouble and f': {hunt.trouble}'}"
    click.echo(f"  {'✓' if hunt.found else '✗'} planted bug {hunt.bug} ({hunt.seconds:.0f} s): {answer}")


def summary(results: Results) -> int:
    """Print what failed and the last line; returns the exit code."""
    failed = [result for result in results.all if not result.ok]
    missed = [hunt for hunt in results.hunts if not hunt.found]
    for result in failed:
        click.echo(f"\n{result.cell}")
        for sentence in result.differs:
            click.echo("  " + sentence.replace("\n", "\n  "))
        click.echo(f"  again: {result.replay}")
    for hunt in missed:
        click.echo(f"\nplanted bug {hunt.bug} was not found\n  again: {hunt.replay}")
    if results.untried:
        click.echo(f"\n{results.untried} cells were not tried: --go-on tries them, and those that failed")
    told = [
        _part(len(failed) + results.untried, results.wanted, "cells"),
        _part(len(missed), len(results.hunts), "planted bugs found"),
    ]
    ok = not (failed or missed or results.untried)
    click.echo(f"faults: {'ok' if ok else 'failed'}, {', '.join(filter(None, told))}")
    return 0 if ok else 1


def _part(bad: int, all_of_them: int, what: str) -> str:
    return f"{all_of_them - bad} of {all_of_them} {what}" if all_of_them else ""
