"""A blueprint's parameters from the command line: a file, single values, and users by key file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import yaml

from cloudpoint.command import exits
from cloudpoint.command.exits import Stop
from cloudpoint.command.session import Session

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def with_parameters(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options by which parameters are given."""
    for option in (
        click.option(
            "--user", "users", multiple=True, metavar="NAME[=KEYFILE]", help="A user; may be given several times."
        ),
        click.option("--set", "values", multiple=True, metavar="NAME=VALUE", help="A parameter; the value is YAML."),
        click.option("--parameters", "file", type=_FILE, help="A YAML file of them."),
    ):
        command = option(command)
    return command


def parameters_of(
    session: Session,
    blueprint: str,
    version: str | None,
    *,
    owner: str | None = None,
    project: str | None = None,
    users: tuple[str, ...],
    values: tuple[str, ...],
    file: Path | None,
) -> dict[str, Any]:
    """Return the parameters: the file's, then single values, then users.

    ``owner`` and ``project`` say whose blueprint is meant. One that wants users and is given none gets its caller, with
    the keys that they have on the platform.
    """
    given = {**_read(file), **dict(_value(text) for text in values)}
    if users:
        given["users"] = [_user(session, text) for text in users]
    elif "users" not in given and _wants_users(session, blueprint, version, owner, project):
        given["users"] = [{"name": account_of(session.client.sessions.me().email), "ssh_keys": _my_keys(session)}]
    return given


def account_of(email: str) -> str:
    """Return the name of the account that somebody gets on a cluster: their address before the ``@``, made fit."""
    local = email.partition("@")[0].lower()
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "_-") else "-" for letter in local)


def _read(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        found = yaml.safe_load(file.read_text()) or {}
    except yaml.YAMLError as error:
        raise Stop(exits.USAGE, f"{file} is no YAML: {error}") from error
    if not isinstance(found, dict):
        raise Stop(exits.USAGE, f"{file} holds no parameters: a mapping of names to values is needed.")
    return found


def _value(text: str) -> tuple[str, Any]:
    name, separator, value = text.partition("=")
    if not separator:
        raise Stop(exits.USAGE, f"--set takes NAME=VALUE, not {text}.")
    try:
        return name, yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise Stop(exits.USAGE, f"The value of --set {name} is no YAML: {error}") from error


def _user(session: Session, text: str) -> dict[str, Any]:
    name, _, path = text.partition("=")
    return {"name": name, "ssh_keys": [_key(Path(path).expanduser())] if path else _my_keys(session)}


def _key(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        raise Stop(exits.USAGE, f"The key {path} can't be read: {error.strerror}.") from error


def _my_keys(session: Session) -> list[str]:
    keys = [key.public_key for key in session.client.keys.list()]
    if not keys:
        raise Stop(exits.USAGE, "You have no SSH key on the platform: cloudpoint key add NAME ~/.ssh/id_ed25519.pub.")
    return keys


def _wants_users(session: Session, blueprint: str, version: str | None, owner: str | None, project: str | None) -> bool:
    found = session.client.blueprints.show(blueprint, version, owner, session.project(project).id)
    return "users" in found.parameters.get("required", [])
