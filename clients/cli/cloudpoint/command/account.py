"""One's SSH keys and API tokens."""

from pathlib import Path

import click

from cloudpoint.command.output import show_item, show_list
from cloudpoint.command.session import Session, first, with_session


@click.group()
def key() -> None:
    """Your SSH keys."""


@key.command("add")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_session
def add_key(session: Session, name: str, file: Path) -> None:
    """Add the public key in FILE (such as ~/.ssh/id_ed25519.pub) under NAME."""
    added = session.client.keys.add(name, file.read_text().strip())
    show_item(session, added, ("id", "name", "fingerprint"))


@key.command("list")
@with_session
def list_keys(session: Session) -> None:
    """List your keys."""
    show_list(session, session.client.keys.list(), ("id", "name", "fingerprint", "created_at"))


@key.command("delete")
@click.argument("key")
@with_session
def delete_key(session: Session, key: str) -> None:
    """Remove a key, by id or name. Clusters that have it keep it."""
    session.client.keys.delete(first(session.client.keys.list(), key, "key", session).id)


@click.group()
def token() -> None:
    """Your API tokens, for programs."""


@token.command("create")
@click.argument("name")
@click.option("--project", "projects", multiple=True, help="Only for this project; may be given several times.")
@click.option("--role", type=click.Choice(["viewer", "member", "manager"]), help="At most this role.")
@click.option("--days", type=int, default=90, show_default=True, help="Good for so many days.")
@with_session
def create_token(session: Session, name: str, projects: tuple[str, ...], role: str | None, days: int) -> None:
    """Make a token. It is shown once, now."""
    ids = [session.project(project).id for project in projects] or None
    created = session.client.tokens.create(name, projects=ids, role=role, expires_in_days=days)
    show_item(session, created, ("id", "token", "expires_at"))


@token.command("list")
@with_session
def list_tokens(session: Session) -> None:
    """List your tokens."""
    show_list(session, session.client.tokens.list(), ("id", "name", "role", "projects", "expires_at", "last_used_at"))


@token.command("delete")
@click.argument("token")
@with_session
def delete_token(session: Session, token: str) -> None:
    """Revoke a token, by id or name."""
    session.client.tokens.delete(first(session.client.tokens.list(), token, "token", session).id)


COMMANDS = (key, token)
