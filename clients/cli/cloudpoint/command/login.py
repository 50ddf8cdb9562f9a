"""Log in and out."""

import sys

import click

from cloudpoint import Client
from cloudpoint.command import settings
from cloudpoint.command.output import show_item
from cloudpoint.command.session import Session, with_session


@click.command()
@click.option("--url", help="Address of the public API.")
@click.option("--operator-url", help="Address of the operators' API, if you are one.")
@click.option("--email", help="Your address.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@with_session
def login(session: Session, url: str | None, operator_url: str | None, email: str | None, password_stdin: bool) -> None:
    """Log in, and remember it for the next commands."""
    known = session.settings
    address = url or known.url
    who = email or known.email or click.prompt("Email")
    password = sys.stdin.readline().rstrip("\n") if password_stdin else _password()
    created = Client(address).sessions.create(who, password)
    settings.save(known, url=address, operator_url=operator_url or known.operator_url, email=who, token=created.token)
    session.console.print(f"Logged in to {address} as {who} until {created.expires_at.astimezone():%Y-%m-%d %H:%M}.")


@click.command()
@with_session
def logout(session: Session) -> None:
    """Log out: the session's token is good no more, here or elsewhere."""
    session.client.sessions.delete()
    settings.save(session.settings, token=None)
    session.console.print("Logged out.")


@click.command()
@with_session
def whoami(session: Session) -> None:
    """Show who you are to the API."""
    show_item(session, session.client.sessions.me(), ("id", "email", "name", "state"))


def _password() -> str:
    answer: str = click.prompt("Password", hide_input=True)
    return answer


COMMANDS = (login, logout, whoami)
