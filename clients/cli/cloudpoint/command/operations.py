"""Operations."""

import click

from cloudpoint.command.output import show_json, show_list
from cloudpoint.command.picture import picture
from cloudpoint.command.session import Session, with_session
from cloudpoint.command.watch import watch_operation
from cloudpoint.generated import types


@click.group()
def operation() -> None:
    """Work that is under way, or was."""


@operation.command("list")
@click.option("--cluster", help="Only those of this cluster (id or name).")
@click.option("--state", help="Only those in this state.")
@with_session
def list_operations(session: Session, cluster: str | None, state: str | None) -> None:
    """List operations, newest first."""
    subject = session.cluster(cluster).id if cluster else None
    found = session.client.operations.list(cluster=subject, state=state)
    show_list(session, found, ("id", "kind", "state", "cluster_id", "created_at", "ended_at"))


@operation.command("show")
@click.argument("operation")
@with_session
def show_operation(session: Session, operation: str) -> None:
    """Show an operation's steps, and every element on every host."""
    found = session.client.operations.show(operation)
    if session.json:
        show_json(found)
        return
    session.console.print(picture(found, session.client.operations.matrix(operation)))


@operation.command("watch")
@click.argument("operation")
@with_session
def watch(session: Session, operation: str) -> None:
    """Watch an operation until it ends or is parked."""
    raise SystemExit(watch_operation(session, operation))


@operation.command("log")
@click.argument("operation")
@with_session
def log(session: Session, operation: str) -> None:
    """Print the log of an operation's newest run on the hosts."""
    offset, complete = 0, False
    while not complete:
        piece = session.client.operations.log(operation, offset)
        click.echo(piece.text, nl=False)
        complete = piece.complete or piece.next_offset == offset
        offset = piece.next_offset


@operation.command("resume")
@click.argument("operation")
@click.option("--wait", is_flag=True, help="Show how it goes, and end when it ends.")
@with_session
def resume(session: Session, operation: str, wait: bool) -> None:
    """Go on with a parked operation, only with what is not done."""
    asked = session.client.operations.resume(operation)
    _after(session, asked, wait, ("succeeded",))


@operation.command("cancel")
@click.argument("operation")
@click.option("--wait", is_flag=True, help="Show how it goes, and end when it ends.")
@with_session
def cancel(session: Session, operation: str, wait: bool) -> None:
    """Stop an operation and take back what it made."""
    asked = session.client.operations.cancel(operation)
    _after(session, asked, wait, ("undone", "failed"))


@operation.command("undo")
@click.argument("operation")
@click.option("--wait", is_flag=True, help="Show how it goes, and end when it ends.")
@with_session
def undo(session: Session, operation: str, wait: bool) -> None:
    """Take back what a parked operation made."""
    asked = session.client.operations.undo(operation)
    _after(session, asked, wait, ("undone", "failed"))


def _after(session: Session, asked: types.Operation, wait: bool, wanted: tuple[str, ...]) -> None:
    if wait:
        raise SystemExit(watch_operation(session, asked.id, wanted))
    if session.json:
        show_json(asked)
    else:
        session.tell(f"Asked for. Watch it: cloudpoint operation watch {asked.id}")


COMMANDS = (operation,)
