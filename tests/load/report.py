"""How figures are told: a table for each benchmark, one JSON document of all, and a last line."""

import datetime
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.table import Table

from tests.load.benchmark import Benchmark
from tests.load.figures import Figure, summary
from tests.load.surroundings import commit, machine


@dataclass
class Outcome:
    """What came of one benchmark: figures, or the reason why it was left out or failed."""

    benchmark: Benchmark
    begun: datetime.datetime
    ended: datetime.datetime
    rounds: int
    figures: list[Figure] = field(default_factory=list)
    skipped: str | None = None
    failed: str | None = None


def table_of(figures: list[Figure]) -> Table:
    """Figures as lines; a column that none of them fills is left out."""
    rows = [_cells(figure) for figure in figures]
    table = Table(box=None)
    for heading in ("", "value", "unit", "peer's", "ratio", "aim", "met", "samples"):
        if not heading or any(row.get(heading) for row in rows):
            table.add_column(heading, justify="left" if heading in ("", "unit") else "right")
    for row in rows:
        table.add_row(*(row[str(column.header)] for column in table.columns))
    return table


def _cells(figure: Figure) -> dict[str, str]:
    of_ratio = " ×" if figure.aim and figure.aim.of == "ratio" else ""
    return {
        "": figure.name,
        "value": _number(figure.value),
        "unit": figure.unit,
        "peer's": _number(figure.peer.value) if figure.peer else "",
        "ratio": "" if figure.ratio is None else f"{_number(figure.ratio)} ×",
        "aim": f"{figure.aim.bound} {figure.aim.limit:g}{of_ratio}" if figure.aim else "",
        "met": {None: "", True: "[green]yes[/]", False: "[red]no[/]"}[figure.met],
        "samples": str(len(figure.samples)) if figure.samples else "",
    }


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def last_line(outcomes: list[Outcome]) -> str:
    """How many ran, and how many aims are met."""
    aims = [figure.met for outcome in outcomes for figure in outcome.figures if figure.met is not None]
    skipped = sum(outcome.skipped is not None for outcome in outcomes)
    failed = sum(outcome.failed is not None for outcome in outcomes)
    ran = len(outcomes) - skipped - failed
    return f"bench: {aims.count(True)} of {len(aims)} aims met; {ran} ran, {skipped} skipped, {failed} failed"


def write(path: Path, outcomes: list[Outcome]) -> None:
    """Write the document of what there is so far."""
    document = {"commit": commit(), "machine": machine(), "benchmarks": [_entry(outcome) for outcome in outcomes]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def _entry(outcome: Outcome) -> dict[str, Any]:
    return {
        "name": outcome.benchmark.name,
        "summary": outcome.benchmark.summary,
        "begun": outcome.begun.isoformat(timespec="seconds"),
        "ended": outcome.ended.isoformat(timespec="seconds"),
        "rounds": outcome.rounds,
        "skipped": outcome.skipped,
        "failed": outcome.failed,
        "figures": [_figure(figure) for figure in outcome.figures],
    }


def _figure(figure: Figure) -> dict[str, Any]:
    peer, aim = figure.peer, figure.aim
    return {
        "name": figure.name,
        "value": figure.value,
        "unit": figure.unit,
        "samples": summary(figure.samples),
        "peer": {"name": peer.name, "value": peer.value, "samples": summary(peer.samples)} if peer else None,
        "ratio": figure.ratio,
        "aim": {"bound": aim.bound, "limit": aim.limit, "of": aim.of} if aim else None,
        "met": figure.met,
    }
