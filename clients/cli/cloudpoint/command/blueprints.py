"""The catalogue, and plans made from it."""

from typing import Any

import click
from rich.table import Table

from cloudpoint.command.output import show_item, show_json, show_list
from cloudpoint.command.parameters import parameters_of, with_parameters
from cloudpoint.command.published import add_commands, owner_option, project_option, version_option
from cloudpoint.command.session import Session, with_session
from cloudpoint.generated import types


@click.group()
def blueprint() -> None:
    """The catalogue of blueprints."""


@blueprint.command("list")
@with_session
def list_blueprints(session: Session) -> None:
    """List blueprints."""
    show_list(session, session.client.blueprints.list(), ("name", "version", "owner", "roles", "summary"))


@blueprint.command("show")
@click.argument("name")
@version_option
@owner_option
@with_session
def show_blueprint(session: Session, name: str, version: str | None, owner: str | None) -> None:
    """Show a blueprint and what it asks for."""
    found = session.client.blueprints.show(name, version, owner)
    if session.json:
        show_json(found)
        return
    session.console.print(f"[bold]{found.name}[/] {found.version}  {found.summary}\n")
    session.console.print(_parameters(found))
    uses = " → ".join(f"{use.element} {use.version}" for use in found.elements)
    session.console.print(f"\n[bold]elements[/] {uses}")


add_commands(blueprint, "blueprint", lambda session: session.client.blueprints)


@click.command()
@click.argument("name")
@click.option("--blueprint", required=True, help="What to build it from.")
@version_option
@owner_option
@click.option("--cloud", help="Which cloud.")
@project_option
@with_parameters
@with_session
def plan(
    session: Session,
    name: str,
    blueprint: str,
    version: str | None,
    owner: str | None,
    cloud: str | None,
    project: str | None,
    **given: Any,
) -> None:
    """Plan a cluster NAME: what would be done, and whether it fits. Nothing is built."""
    wishes = {"version": version, "blueprint_owner": owner, "cloud": cloud}
    parameters = parameters_of(session, blueprint, version, owner=owner, project=project, **given)
    where = session.project(project).id
    made = session.client.plans.create(where, name, blueprint, parameters=parameters, **wishes)
    fields = ("id", "cluster_name", "blueprint", "blueprint_version", "blueprint_owner", "cloud_id", "hash")
    show_item(session, made, fields)
    if not session.json:
        _tell_plan(session, made)


def _tell_plan(session: Session, made: types.Plan) -> None:
    for role in made.roles:
        session.console.print(f"[bold]{role.name}[/] {role.count} × {role.resource_class}: {', '.join(role.hosts[:8])}")
    session.console.print(" → ".join(element.name for element in made.elements))
    fits = "[green]It fits now.[/]" if made.fit.fits else f"[red]{' '.join(made.fit.shortages or [])}[/]"
    session.console.print(f"{fits} Build it: cloudpoint cluster create {made.cluster_name} --plan {made.id}")


def _parameters(found: types.BlueprintVersion) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("parameter", "type", "default", "what it decides"):
        table.add_column(column)
    wanted = found.parameters.get("required", [])
    for name, schema in found.parameters.get("properties", {}).items():
        default = "(required)" if name in wanted else str(schema.get("default", "-"))
        table.add_row(name, str(schema.get("type", "")), default, schema.get("description", ""))
    return table


COMMANDS = (blueprint, plan)
