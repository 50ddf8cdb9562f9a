"""What happened, and what happens."""

from itertools import islice

import click
from rich.text import Text

from cloudpoint.command.output import cell
from cloudpoint.command.session import Session, with_session
from cloudpoint.generated import types


@click.command()
@click.option("--project", help="Which project; the one in use if left out.")
@click.option("--subject", help="Only what is about this id.")
@click.option("--type", "kind", help="Only of this type; cluster.* stands for all that begin so.")
@click.option("--last", type=click.IntRange(min=0), default=20, show_default=True, help="So many, up to now.")
@click.option("--after", type=int, help="Instead: all that came after this number.")
@click.option("--follow", is_flag=True, help="Go on as it happens, until Ctrl-C.")
@with_session
def events(
    session: Session,
    project: str | None,
    subject: str | None,
    kind: str | None,
    last: int,
    after: int | None,
    follow: bool,
) -> None:
    """Show what happened in a project, the oldest first; as JSON, an event a line."""
    owner = session.project(project).id
    found = session.client.events.list(owner, subject=subject, type=kind, after=after)
    seen = after
    for event in found if after is not None else reversed(list(islice(found, last))):
        seen = event.number
        _print(session, event)
    if follow:
        for live in session.client.events.stream(owner, after=seen, subject=subject, type=kind):
            if live:
                _print(session, live)


def _print(session: Session, event: types.RecordedEvent) -> None:
    if session.json:
        click.echo(event.raw)
        return
    line = Text.assemble((f"{event.number:>6} ", "dim"), cell(event.at), " ", (event.type, "bold"), f" {event.subject}")
    line.append("".join(f" {name}={value}" for name, value in event.data.items() if value is not None))
    session.console.print(line, soft_wrap=True)


COMMANDS = (events,)
