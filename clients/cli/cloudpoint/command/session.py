"""What each command works with: settings, a client, and how to print."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property, wraps
from typing import Any

import click
from rich.console import Console

from cloudpoint import Client
from cloudpoint.command import exits
from cloudpoint.command.exits import Stop
from cloudpoint.command.settings import Settings, load
from cloudpoint.generated import types

_UNFOLDED_COLUMNS = 1000


def _console() -> Console:
    """Return a console that folds lines only on a terminal: elsewhere a row stays a line."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_UNFOLDED_COLUMNS)


@dataclass
class Session:
    """One call of the command; ``json`` prints for programs."""

    json: bool = False
    settings: Settings = field(default_factory=load)
    console: Console = field(default_factory=_console)

    @cached_property
    def client(self) -> Client:
        """A client of the public address."""
        return Client(self.settings.url, self.settings.token)

    @cached_property
    def operator(self) -> Client:
        """A client of the operators' address; ends the command if none is known."""
        if self.settings.operator_url is None:
            raise Stop(exits.USAGE, "The operators' address is not known: cloudpoint login --operator-url URL.")
        return Client(self.settings.operator_url, self.settings.token)

    def project(self, wanted: str | None) -> types.Project:
        """Return the project that is named (by id or name), in use, or the only one there is."""
        projects = list(self.client.projects.list())
        named = wanted or self.settings.project
        found = [item for item in projects if named in (None, item.id, item.name)]
        if len(found) == 1:
            return found[0]
        known = ", ".join(sorted(f"{item.name} ({item.id})" for item in projects)) or "none"
        if named and found:
            raise Stop(exits.USAGE, f"{len(found)} projects have the name {named}; say the id. Yours are: {known}.")
        what = f"There is no project {named}." if named else "Say which project: --project NAME."
        raise Stop(exits.NOT_FOUND if named else exits.USAGE, f"{what} Yours are: {known}.")

    def cluster(self, wanted: str, project: str | None = None) -> types.Cluster:
        """Return the cluster with this id, or with this name in the project in use or in all of one's projects."""
        if wanted.startswith("clu_"):
            return self.client.clusters.show(wanted)
        scope = self.project(project).id if project or self.settings.project else None
        found = list(self.client.clusters.list(name=wanted, project=scope))
        if not found:
            raise Stop(exits.NOT_FOUND, f"There is no cluster {wanted}. See: cloudpoint cluster list.")
        if len(found) > 1:
            ids = ", ".join(f"{item.id} (in {item.project_id})" for item in found)
            raise Stop(exits.USAGE, f"{len(found)} clusters have the name {wanted}; say --project, or the id: {ids}.")
        return self.client.clusters.show(found[0].id)

    def tell(self, sentence: str) -> None:
        """Say something to a person: to stderr where a program reads the output."""
        click.echo(sentence, err=self.json)


def with_session(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command its session as first argument, and the option ``-o``."""

    @click.option("-o", "output", type=click.Choice(["table", "json"]), default="table", help="For people or programs.")
    @wraps(command)
    def run(*arguments: Any, output: str, **options: Any) -> Any:
        return command(Session(json=output == "json"), *arguments, **options)

    return run


def first(items: Iterable[Any], wanted: str, what: str, session: Session) -> Any:
    """Return the one item whose id or name is ``wanted``; ends the command if there is none, or more than one."""
    found = [item for item in items if wanted in (item.id, item.name)]
    if not found:
        raise Stop(exits.NOT_FOUND, f"There is no {what} {wanted}.")
    if len(found) > 1:
        ids = ", ".join(item.id for item in found)
        raise Stop(exits.USAGE, f"There are {len(found)} with the name {wanted}; say which {what} by its id: {ids}.")
    return found[0]
