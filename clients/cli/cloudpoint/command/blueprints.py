"""The catalogue, and plans made from it."""

from pathlib import Path
from typing import Any

import click
from rich.table import Table

from cloudpoint.command import exits
from cloudpoint.command.output import show_item, show_json, show_list
from cloudpoint.command.parameters import parameters_of, with_parameters
from cloudpoint.command.session import Session, with_session
from cloudpoint.generated import types

_TEXT_BYTES = 1_000_000


@click.group()
def blueprint() -> None:
    """The catalogue of blueprints."""


@blueprint.command("list")
@with_session
def list_blueprints(session: Session) -> None:
    """List blueprints."""
    show_list(session, session.client.blueprints.list(), ("name", "version", "roles", "summary"))


@blueprint.command("show")
@click.argument("name")
@click.option("--version", help="Which version; the newest if left out.")
@with_session
def show_blueprint(session: Session, name: str, version: str | None) -> None:
    """Show a blueprint and what it asks for."""
    found = session.client.blueprints.show(name, version)
    if session.json:
        show_json(found)
        return
    session.console.print(f"[bold]{found.name}[/] {found.version}  {found.summary}\n")
    session.console.print(_parameters(found))
    uses = " → ".join(f"{use.element} {use.version}" for use in found.elements)
    session.console.print(f"\n[bold]elements[/] {uses}")


@blueprint.command("validate")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@with_session
def validate_blueprint(session: Session, folder: Path) -> None:
    """Say everything that is wrong with the blueprint in FOLDER."""
    report = session.client.blueprints.validate(_files(folder))
    if session.json:
        show_json(report)
    else:
        for finding in report.findings:
            line = f":{finding.line}" if finding.line else ""
            session.console.print(f"[bold]{folder / finding.file}{line}[/] {finding.message} {finding.hint or ''}")
        session.console.print("It is valid." if report.valid else f"{len(report.findings)} errors.")
    if not report.valid:
        raise SystemExit(exits.INVALID)


@click.command()
@click.argument("name")
@click.option("--blueprint", required=True, help="What to build it from.")
@click.option("--version", help="Which version; the newest if left out.")
@click.option("--cloud", help="Which cloud.")
@click.option("--project", help="Which project; the one in use if left out.")
@with_parameters
@with_session
def plan(
    session: Session,
    name: str,
    blueprint: str,
    version: str | None,
    cloud: str | None,
    project: str | None,
    **given: Any,
) -> None:
    """Plan a cluster NAME: what would be done, and whether it fits. Nothing is built."""
    parameters = parameters_of(session, blueprint, version, **given)
    owner = session.project(project).id
    made = session.client.plans.create(owner, name, blueprint, version=version, cloud=cloud, parameters=parameters)
    show_item(session, made, ("id", "cluster_name", "blueprint", "blueprint_version", "cloud_id", "hash"))
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


def _files(folder: Path) -> dict[str, str]:
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.stat().st_size < _TEXT_BYTES)
    return {path.relative_to(folder).as_posix(): path.read_text(errors="replace") for path in found}


COMMANDS = (blueprint, plan)
