"""What happened, and what happens."""

import click
import msgspec
from cloudpoint.command.output import cell
from cloudpoint.command.session import Session, with_session
from cloudpoint.generated import types


@click.command()
@click.option("--project", help="Which project; the one in use if left out.")
@click.option("--subject", help="Only what is about this id.")
@click.option("--after", type=int, help="Only what came after this number.")
@click.option("--follow", is_flag=True, help="Go on as it happens, until Ctrl-C.")
@with_session
def events(session: Session, project: str | None, subject: str | None, after: int | None, follow: bool) -> None:
    """Show what happened in a project."""
    owner = session.project(project).id
    last = after
    for event in session.client.events.list(owner, subject=subject, after=after):
        last = event.number
        _print(session, event)
    if follow:
        for live in session.client.events.stream(owner, after=last or 0, subject=subject):
            if live:
                _print(session, live)


def _print(session: Session, event: types.RecordedEvent) -> None:
    if session.json:
        click.echo(msgspec.json.encode(event).decode())
        return
    told = " ".join(f"{name}={value}" for name, value in event.data.items())
    session.console.print(f"[dim]{event.number:>6}[/] {cell(event.at)} [bold]{event.type}[/] {event.subject} {told}")


COMMANDS = (events,)
