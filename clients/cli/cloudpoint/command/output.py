"""Tables for people, JSON for programs."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import click
import msgspec
from rich.table import Table
from rich.text import Text

from cloudpoint.command.session import Session
from cloudpoint.sdk.answer import Answer

STATE_STYLES = {
    "ready": "green",
    "succeeded": "green",
    "active": "green",
    "available": "green",
    "done": "green",
    "ok": "green",
    "degraded": "yellow",
    "warning": "yellow",
    "unchecked": "dim",
    "parked": "red",
    "failed": "red",
    "deleted": "dim",
    "undone": "yellow",
}


def show_list(session: Session, items: Iterable[Answer], columns: Sequence[str]) -> None:
    """Print items with the named fields as columns; as JSON, one page with all of them."""
    found = list(items)
    if session.json:
        click.echo(b'{"items":[' + b",".join(item.raw for item in found) + b'],"next_cursor":null}')
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for item in found:
        table.add_row(*(cell(getattr(item, column)) for column in columns))
    session.console.print(table if found else Text("There is nothing yet.", style="dim"))


def show_item(session: Session, item: Answer, fields: Sequence[str]) -> None:
    """Print one item, a field a line; as JSON, the item whole."""
    if session.json:
        show_json(item)
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name in fields:
        table.add_row(name.replace("_", " "), cell(getattr(item, name)))
    session.console.print(table)


def show_json(answer: Answer) -> None:
    """Print a body as the API answered it, byte for byte."""
    click.echo(answer.raw)


def cell(value: Any) -> Text:
    """Return a value as a person reads it."""
    if value is None or value is msgspec.UNSET:
        return Text("-", style="dim")
    if isinstance(value, datetime):
        return Text(value.astimezone().strftime("%Y-%m-%d %H:%M:%S"))
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    if isinstance(value, list):
        return Text(", ".join(map(str, value)))
    return Text(str(value), style=STATE_STYLES.get(str(value), ""))


def seconds_text(seconds: float | None) -> str:
    """Return a duration as ``3:07`` or ``1:02:33``."""
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def taken(started: datetime | None, ended: datetime | None) -> float | None:
    """Return the seconds between two times, until now if it has not ended; None if it has not begun."""
    return None if started is None else ((ended or datetime.now(UTC)) - started).total_seconds()
