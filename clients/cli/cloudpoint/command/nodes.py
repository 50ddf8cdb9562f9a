"""Machines, for operators."""

import click

from cloudpoint.command.output import show_item, show_list
from cloudpoint.command.session import Session, with_session

_FIELDS = ("id", "name", "cloud_id", "resource_class", "state", "power", "maintenance", "maintenance_reason")


@click.group()
def node() -> None:
    """Machines of all clouds (for operators)."""


@node.command("list")
@click.option("--cloud", "cloud_id", help="Only those of this cloud.")
@click.option("--state", help="Only those in this state (Ironic's words).")
@click.option("--power", help="Only those in this power state (Ironic's words).")
@click.option("--maintenance/--no-maintenance", default=None, help="Only those in maintenance, or not.")
@with_session
def list_nodes(
    session: Session, cloud_id: str | None, state: str | None, power: str | None, maintenance: bool | None
) -> None:
    """List machines by name."""
    asked = None if maintenance is None else str(maintenance).lower()
    found = session.operator.nodes.list(cloud_id=cloud_id, state=state, power=power, maintenance=asked)
    show_list(session, found, ("name", "cloud_id", "resource_class", "state", "power", "maintenance", "cluster_id"))


@node.command("show")
@click.argument("node")
@with_session
def show_node(session: Session, node: str) -> None:
    """Show a machine, by id or name."""
    show_item(session, session.operator.nodes.show(node), (*_FIELDS, "last_error", "cluster_id", "traits", "seen_at"))


@node.command("power")
@click.argument("node")
@click.argument("target", type=click.Choice(["on", "off", "soft-off", "reboot"]))
@with_session
def power(session: Session, node: str, target: str) -> None:
    """Switch a machine."""
    show_item(session, session.operator.nodes.power(node, target), _FIELDS)


@node.command("maintenance")
@click.argument("node")
@click.option("--reason", help="Why; needed to begin.")
@click.option("--end", is_flag=True, help="Take it out of maintenance.")
@with_session
def maintenance(session: Session, node: str, reason: str | None, end: bool) -> None:
    """Take a machine into maintenance, or out of it."""
    if end == bool(reason):
        raise click.UsageError("Say --reason WHY to begin, or --end.")
    nodes = session.operator.nodes
    show_item(session, nodes.end_maintenance(node) if end else nodes.begin_maintenance(node, str(reason)), _FIELDS)


COMMANDS = (node,)
