"""What each command works with: settings, a client, and how to print."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property, wraps
from typing import Any

import click
from cloudpoint import Client
from cloudpoint.command import exits, settings
from cloudpoint.generated import types
from rich.console import Console


@dataclass
class Session:
    """One call of the command; ``json`` prints for programs."""

    json: bool = False
    settings: settings.Settings = field(default_factory=settings.load)
    console: Console = field(default_factory=lambda: Console(highlight=False))

    @cached_property
    def client(self) -> Client:
        """A client of the public address."""
        return Client(self.settings.url, self.settings.token)

    @cached_property
    def operator(self) -> Client:
        """A client of the operators' address; ends the command if none is known."""
        if self.settings.operator_url is None:
            self.stop(exits.USAGE, "The operators' address is not known: cloudpoint login --operator-url URL.")
        return Client(str(self.settings.operator_url), self.settings.token)

    def project(self, wanted: str | None) -> types.Project:
        """Return the project that is named (by id or name), in use, or the only one there is."""
        projects = list(self.client.projects.list())
        named = wanted or self.settings.project
        found = [item for item in projects if named in (None, item.id, item.name)]
        if len(found) == 1:
            return found[0]
        known = ", ".join(sorted(item.name for item in projects)) or "none"
        what = f"There is no project {named}." if named else "Say which project: --project NAME."
        self.stop(exits.NOT_FOUND if named else exits.USAGE, f"{what} Yours are: {known}.")
        raise AssertionError("unreachable")

    def cluster(self, wanted: str, project: str | None = None) -> types.Cluster:
        """Return the cluster with this id, or with this name in one's projects."""
        if wanted.startswith("clu_"):
            return self.client.clusters.show(wanted)
        scope = self.project(project).id if project or self.settings.project else None
        found = list(self.client.clusters.list(name=wanted, project=scope))
        if len(found) != 1:
            what = f"There is no cluster {wanted}." if not found else f"There are {len(found)} clusters {wanted}."
            self.stop(exits.NOT_FOUND, f"{what} See: cloudpoint cluster list.")
        return self.client.clusters.show(found[0].id)

    def stop(self, code: int, sentence: str) -> None:
        """Say why on stderr and end the command."""
        click.echo(sentence, err=True)
        raise SystemExit(code)


def with_session(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command its session as first argument, and the option ``-o``."""

    @click.option("-o", "output", type=click.Choice(["table", "json"]), default="table", help="For people or programs.")
    @wraps(command)
    def run(*arguments: Any, output: str, **options: Any) -> Any:
        return command(Session(json=output == "json"), *arguments, **options)

    return run


def first(items: Iterable[Any], wanted: str, what: str, session: Session) -> Any:
    """Return the item whose id or name is ``wanted``; ends the command if there is none."""
    found = next((item for item in items if wanted in (item.id, getattr(item, "name", None))), None)
    if found is None:
        session.stop(exits.NOT_FOUND, f"There is no {what} {wanted}.")
    return found
