"""A blueprint's parameters from the command line: a file, single values, and users by key file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import yaml
from cloudpoint.command import exits
from cloudpoint.command.session import Session


def with_parameters(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options by which parameters are given."""
    for option in (
        click.option("--user", "users", multiple=True, metavar="NAME[=KEYFILE]", help="A user; may be given several times."),
        click.option("--set", "values", multiple=True, metavar="NAME=VALUE", help="A parameter; the value is YAML."),
        click.option(
            "--parameters", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A YAML file of them."
        ),
    ):
        command = option(command)
    return command


def parameters_of(
    session: Session,
    blueprint: str,
    version: str | None,
    *,
    users: tuple[str, ...],
    values: tuple[str, ...],
    file: Path | None,
) -> dict[str, Any]:
    """Return the parameters: the file's, then single values, then users.

    A blueprint that wants users and is given none gets its caller, with the keys that they have on the platform.
    """
    given: dict[str, Any] = (yaml.safe_load(file.read_text()) or {}) if file else {}
    given |= dict(_value(session, text) for text in values)
    if users:
        given["users"] = [_user(session, text) for text in users]
    elif "users" not in given and _wants_users(session, blueprint, version):
        given["users"] = [_myself(session)]
    return given


def _value(session: Session, text: str) -> tuple[str, Any]:
    name, separator, value = text.partition("=")
    if not separator:
        session.stop(exits.USAGE, f"--set takes NAME=VALUE, not {text}.")
    return name, yaml.safe_load(value)


def _user(session: Session, text: str) -> dict[str, Any]:
    name, _, path = text.partition("=")
    keys = [Path(path).expanduser().read_text().strip()] if path else _my_keys(session)
    return {"name": name, "ssh_keys": keys}


def _myself(session: Session) -> dict[str, Any]:
    local = session.client.sessions.me().email.partition("@")[0].lower()
    name = "".join(letter if letter.isalnum() or letter in "_-" else "-" for letter in local)
    return {"name": name, "ssh_keys": _my_keys(session)}


def _my_keys(session: Session) -> list[str]:
    keys = [key.public_key for key in session.client.keys.list()]
    if not keys:
        session.stop(exits.USAGE, "You have no SSH key on the platform: cloudpoint key add NAME ~/.ssh/id_ed25519.pub.")
    return keys


def _wants_users(session: Session, blueprint: str, version: str | None) -> bool:
    return "users" in session.client.blueprints.show(blueprint, version).parameters.get("required", [])
