"""Elements: the catalogue's, and one's own."""

import click

from cloudpoint.command.output import show_item, show_list
from cloudpoint.command.published import add_commands, owner_option, version_option
from cloudpoint.command.session import Session, with_session

_FIELDS = ("name", "version", "owner", "shared", "summary", "provides", "requires", "conflicts", "reversible")


@click.group()
def element() -> None:
    """The elements that blueprints are made of."""


@element.command("list")
@with_session
def list_elements(session: Session) -> None:
    """List every version of every element."""
    show_list(session, session.client.elements.list(), ("name", "version", "owner", "summary"))


@element.command("show")
@click.argument("name")
@version_option
@owner_option
@with_session
def show_element(session: Session, name: str, version: str | None, owner: str | None) -> None:
    """Show an element."""
    show_item(session, session.client.elements.show(name, version, owner), _FIELDS)


add_commands(element, "element", lambda session: session.client.elements)

COMMANDS = (element,)
