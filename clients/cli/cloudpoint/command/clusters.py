"""Clusters."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from cloudpoint.command import exits, ssh
from cloudpoint.command.exits import Stop
from cloudpoint.command.output import show_item, show_json, show_list
from cloudpoint.command.parameters import parameters_of, with_parameters
from cloudpoint.command.published import owner_option
from cloudpoint.command.session import Session, with_session
from cloudpoint.command.watch import watch_operation
from cloudpoint.generated import types

_FIELDS = ("id", "name", "state", "reason", "blueprint", "blueprint_version", "cloud_id", "locked", "expires_at")
# A cluster that is still being built is deleted by undoing its build.
_GONE = ("succeeded", "undone", "failed")
_project = click.option("--project", help="Which project; the one in use if left out.")
_wait = click.option("--wait", is_flag=True, help="Show how it goes, and end when it ends.")


@click.group()
def cluster() -> None:
    """Clusters."""


@cluster.command("create")
@click.argument("name")
@click.option("--blueprint", help="What to build it from.")
@click.option("--plan", help="A plan to build exactly (an id), instead of a blueprint.")
@click.option("--version", help="Which version of the blueprint; the newest if left out.")
@owner_option
@click.option("--cloud", help="Which cloud.")
@click.option("--days", type=float, help="Delete it after so many days.")
@_project
@_wait
@with_parameters
@with_session
def create_cluster(
    session: Session,
    name: str,
    blueprint: str | None,
    plan: str | None,
    version: str | None,
    owner: str | None,
    cloud: str | None,
    days: float | None,
    project: str | None,
    wait: bool,
    **given: Any,
) -> None:
    """Build a cluster NAME."""
    if (blueprint is None) == (plan is None):
        raise Stop(exits.USAGE, "Say what to build: --blueprint NAME or --plan ID. See: cloudpoint blueprint list.")
    wishes: dict[str, Any] = {"plan": plan}
    if blueprint:
        wishes = {"blueprint": blueprint, "version": version, "blueprint_owner": owner, "cloud": cloud}
        wishes["parameters"] = parameters_of(session, blueprint, version, owner=owner, project=project, **given)
    if days:
        wishes["expires_at"] = datetime.now(UTC) + timedelta(days=days)
    accepted = session.client.clusters.create(session.project(project).id, name, **wishes)
    _follow(session, accepted, name, wait)


@cluster.command("list")
@_project
@click.option("--state", help="Only those in this state; deleted ones are shown only so.")
@with_session
def list_clusters(session: Session, project: str | None, state: str | None) -> None:
    """List clusters, newest first."""
    owner = session.project(project).id if project or session.settings.project else None
    found = session.client.clusters.list(project=owner, state=state)
    show_list(session, found, ("id", "name", "state", "blueprint", "blueprint_version", "created_at", "expires_at"))


@cluster.command("show")
@click.argument("cluster")
@_project
@with_session
def show_cluster(session: Session, cluster: str, project: str | None) -> None:
    """Show a cluster, its hosts and how to connect."""
    found = session.cluster(cluster, project)
    show_item(session, found, _FIELDS)
    if not session.json:
        session.console.print(_hosts(found))
        _tell_values(session, found)


def _tell_values(session: Session, found: types.Cluster) -> None:
    """Print what the cluster's template tells, a value a line."""
    told = {name: output for name, output in found.outputs.items() if output.get("kind") in ("template", "parameter")}
    for name, output in told.items():
        value = output.get("value")
        text = value if isinstance(value, str) else json.dumps(value)
        session.console.print(Text.assemble((name, "bold"), f"  {text}  ", (str(output.get("summary") or ""), "dim")))


@cluster.command("watch")
@click.argument("cluster")
@_project
@with_session
def watch_cluster(session: Session, cluster: str, project: str | None) -> None:
    """Watch what is under way with a cluster."""
    found = session.cluster(cluster, project)
    if found.operation_id is None:
        session.tell(f"Nothing is under way; {found.name} is {found.state}.")
        return
    raise SystemExit(watch_operation(session, found.operation_id))


@cluster.command("ssh")
@click.argument("cluster")
@click.option("-l", "--user", help="Log in as this user; your own if left out.")
@click.option("--host", help="On this host; the first of the cluster's ssh output if left out.")
@click.option("-i", "--identity", type=click.Path(path_type=Path), help="A private key file.")
@_project
@click.argument("command", nargs=-1)
@with_session
def ssh_cluster(
    session: Session,
    cluster: str,
    user: str | None,
    host: str | None,
    identity: Path | None,
    project: str | None,
    command: tuple[str, ...],
) -> None:
    """Log in to a cluster, or run COMMAND there. No route to it is needed: it goes through the API."""
    found = session.cluster(cluster, project)
    raise SystemExit(ssh.run(session, found, host, user, identity, command))


@cluster.command("ssh-config")
@click.argument("cluster")
@_project
@with_session
def ssh_config(session: Session, cluster: str, project: str | None) -> None:
    """Print a snippet for ~/.ssh/config, by which ssh, scp and rsync reach the cluster's hosts by name."""
    click.echo(ssh.config(session, session.cluster(cluster, project)))


@cluster.command("delete")
@click.argument("cluster")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_project
@_wait
@with_session
def delete_cluster(session: Session, cluster: str, yes: bool, project: str | None, wait: bool) -> None:
    """Delete a cluster and all its data."""
    found = session.cluster(cluster, project)
    if not yes:
        click.confirm(f"Delete {found.name} and all its data?", abort=True)
    _follow(session, session.client.clusters.delete(found.id), found.name, wait, wanted=_GONE)


@cluster.command("export")
@click.argument("cluster")
@click.argument("folder", type=click.Path(path_type=Path))
@_project
@with_session
def export_cluster(session: Session, cluster: str, folder: Path, project: str | None) -> None:
    """Write a cluster as plain HOT and Ansible to FOLDER; it can be built from there without Cloudpoint."""
    exported = session.client.clusters.export(session.cluster(cluster, project).id)
    for path, text in exported.files.items():
        place = folder / path
        if not place.resolve().is_relative_to(folder.resolve()):
            raise Stop(exits.INVALID, f"The export holds a path that leads out of the folder: {path}.")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        place.chmod(0o755 if path.endswith(".sh") else 0o644)
    session.console.print(f"{len(exported.files)} files in {folder}; begin with {folder / 'README.md'}.")


@cluster.command("lock")
@click.argument("cluster")
@_project
@with_session
def lock_cluster(session: Session, cluster: str, project: str | None) -> None:
    """Keep a cluster from being deleted."""
    show_item(session, session.client.clusters.change(session.cluster(cluster, project).id, locked=True), _FIELDS)


@cluster.command("unlock")
@click.argument("cluster")
@_project
@with_session
def unlock_cluster(session: Session, cluster: str, project: str | None) -> None:
    """Let a cluster be deleted again."""
    show_item(session, session.client.clusters.change(session.cluster(cluster, project).id, locked=False), _FIELDS)


@cluster.command("expire")
@click.argument("cluster")
@click.option("--days", type=float, help="After so many days from now; never if left out.")
@_project
@with_session
def expire_cluster(session: Session, cluster: str, days: float | None, project: str | None) -> None:
    """Set when a cluster is to be deleted by itself."""
    end = datetime.now(UTC) + timedelta(days=days) if days else None
    show_item(session, session.client.clusters.change(session.cluster(cluster, project).id, expires_at=end), _FIELDS)


def _follow(
    session: Session, accepted: types.Accepted, name: str, wait: bool, wanted: tuple[str, ...] = ("succeeded",)
) -> None:
    if wait:
        raise SystemExit(watch_operation(session, accepted.operation_id, wanted))
    if session.json:
        show_json(accepted)
    else:
        session.console.print(f"It has begun. Watch it: cloudpoint cluster watch {name}")


def _hosts(found: types.Cluster) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("host", "role", "state", "address", "node", "reason"):
        table.add_column(column)
    for host in found.hosts or []:
        texts = (host.name, host.role, host.state, host.address, host.node_name, host.reason)
        table.add_row(*(str(text) if isinstance(text, str) else "-" for text in texts))
    return table


COMMANDS = (cluster,)
