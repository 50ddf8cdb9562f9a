"""The rack's command line."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from lab.privileges.entering import become_root
from lab.privileges.way import NoWayError
from lab.rack import control, lifecycle, settings, watching
from lab.rack.bmc.context import USERNAME
from lab.rack.errors import RackError
from lab.rack.faults import FAULTS
from lab.rack.folders import RackFolder, read_record
from lab.rack.lifecycle import DEFAULTS, Order
from lab.rack.spec import RackSpec

POWER = {"on": "On", "off": "ForceOff", "reboot": "ForceRestart", "shutdown": "GracefulShutdown",
         "soft-reboot": "GracefulRestart"}  # fmt: skip
name_option = click.option("--name", default="alpha", show_default=True, help="Name of the rack.")
machine_argument = click.argument("machine")


class RackGroup(click.Group):
    """Shows the rack's own errors as one sentence, exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (RackError, NoWayError) as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=RackGroup)
@click.option("--state", type=click.Path(path_type=Path), default=settings.default_state_root, help="Root of state.")
@click.option("--cache", type=click.Path(path_type=Path), default=settings.default_cache_root, help="Cache folder.")
@click.pass_context
def main(ctx: click.Context, state: Path, cache: Path) -> None:
    """A rack of bare-metal machines on this Linux machine, each with a Redfish BMC. As root, or rootless."""
    os.umask(0o022)  # a machine's root folder and the image's must be open to the machine's users
    ctx.obj = (state.resolve(), cache.resolve())
    if "--help" not in sys.argv:
        become_root(*ctx.obj)
        settings.require_programs()


def _ask(ctx: click.Context, name: str, verb: str, **arguments: Any) -> Any:
    return control.call(RackFolder.of(ctx.obj[0], name).socket, verb, **arguments)


def _progress(line: str) -> None:
    click.echo(line, err=True)


def _spec(ctx: click.Context, name: str) -> RackSpec:
    spec = read_record(RackFolder.of(ctx.obj[0], name).spec, RackSpec)
    if spec is None:
        raise RackError(f"There is no rack {name!r}: make it with `python -m lab.rack up --name {name}`.")
    return spec


@main.command("build-image")
@click.option("--apt-proxy-port", default=DEFAULTS["apt_proxy_port"], show_default=True)
@click.pass_context
def build_image(ctx: click.Context, /, apt_proxy_port: int) -> None:
    """Build the machines' image unless the cache has it; print its id."""
    click.echo(lifecycle.build_image(ctx.obj[1], apt_proxy_port, _progress))


def _order_options(command: Any) -> Any:
    for option in reversed((
        click.option("--machines", type=int, help=f"How many [default of a new rack: {DEFAULTS['machines']}]."),
        click.option("--subnet", help=f"Its network [{DEFAULTS['subnet']}]."),
        click.option("--bmc-port", type=int, help=f"The first BMC's loopback port [{DEFAULTS['bmc_port']}]."),
        click.option("--apt-proxy-port", type=int, help=f"Package cache's port [{DEFAULTS['apt_proxy_port']}]."),
        click.option("--cpus", type=int, help="Nameplate: cores a machine."),
        click.option("--memory-mb", type=int, help="Nameplate: memory a machine, MiB."),
        click.option("--disk-gb", type=int, help="Nameplate: disk a machine, GiB."),
    )):  # fmt: skip
        command = option(command)
    return name_option(command)


@main.command()
@_order_options
@click.option("--deadline", default=30.0, show_default=True, help="Seconds until every BMC must answer.")
@click.pass_context
def up(ctx: click.Context, /, name: str, deadline: float, **order: Any) -> None:
    """Power the rack in the background; return when every BMC answers. Machines that were on come on again."""
    state_root, cache_root = ctx.obj
    spec = lifecycle.settle_spec(state_root, name, Order(**order))
    if lifecycle.is_ready(RackFolder.of(state_root, name)):
        raise RackError(f"Rack {name} is up already.")
    lifecycle.build_image(cache_root, spec.apt_proxy_port, _progress)
    lifecycle.up(spec, state_root, cache_root, deadline)
    _progress(f"rack {name}: up, {spec.machines} machines, BMCs on 127.0.0.1:{spec.bmc_port}…")


@main.command()
@_order_options
@click.pass_context
def serve(ctx: click.Context, /, name: str, **order: Any) -> None:
    """Power the rack in the foreground until SIGTERM; prints a line with `ready` when every BMC answers."""
    from lab.rack.rack import serve as serve_rack  # a web framework, which no other command needs

    state_root, cache_root = ctx.obj
    serve_rack(lifecycle.settle_spec(state_root, name, Order(**order)), state_root, cache_root)


@main.command()
@name_option
@click.option("--all", "every", is_flag=True, help="Every rack that has state.")
@click.pass_context
def down(ctx: click.Context, /, name: str, every: bool) -> None:
    """Cut the power and leave no process. Disks and power states are remembered."""
    for rack in lifecycle.all_racks(ctx.obj[0]) if every else [name]:
        was_up = lifecycle.down(ctx.obj[0], ctx.obj[1], rack)
        _progress(f"rack {rack}: {'down' if was_up else 'was not up'}")


@main.command()
@name_option
@click.option("--all", "every", is_flag=True, help="Every rack that has state.")
@click.pass_context
def destroy(ctx: click.Context, /, name: str, every: bool) -> None:
    """Scrap the rack with its disks; nothing of it is left."""
    for rack in lifecycle.all_racks(ctx.obj[0]) if every else [name]:
        existed = lifecycle.destroy(ctx.obj[0], ctx.obj[1], rack)
        _progress(f"rack {rack}: {'gone' if existed else 'there was none'}")


@main.command("list")
@name_option
@click.pass_context
def list_machines(ctx: click.Context, /, name: str) -> None:
    """All machines in a table."""
    click.echo(f"{'NAME':6}{'POWER':7}{'BMC':6}{'MAC':19}{'FAULTS':16}SYSTEM")
    for one in _ask(ctx, name, "list"):
        bmc, faults = "up" if one["bmc_alive"] else "dead", ",".join(one["faults"]) or "-"
        click.echo(f"{one['name']:6}{one['power']:7}{bmc:6}{one['mac']:19}{faults:16}{one['system']}")


@main.command()
@name_option
@machine_argument
@click.pass_context
def show(ctx: click.Context, /, name: str, machine: str) -> None:
    """All that is known of a machine, as JSON."""
    click.echo(json.dumps(_ask(ctx, name, "show", machine=machine), indent=2))


@main.command()
@name_option
@click.option("-o", "output", type=click.Choice(["json"]), default="json")
@click.pass_context
def inventory(ctx: click.Context, /, name: str, output: str) -> None:
    """What a cloud needs to enrol the machines, BMC log-in included. Works whether or not the rack is up."""
    spec = _spec(ctx, name)
    click.echo(json.dumps(watching.inventory(spec, USERNAME, RackFolder.of(ctx.obj[0], name).bmc_password()), indent=2))


@main.command()
@name_option
@machine_argument
@click.option("-f", "--follow", is_flag=True, help="Go on until interrupted.")
@click.pass_context
def console(ctx: click.Context, /, name: str, machine: str, follow: bool) -> None:
    """A machine's console log."""
    watching.console(RackFolder.of(ctx.obj[0], name).machine(machine).console, follow)


@main.command()
@name_option
@machine_argument
@click.argument("action", type=click.Choice(list(POWER)))
@click.pass_context
def power(ctx: click.Context, /, name: str, machine: str, action: str) -> None:
    """Press a machine's buttons."""
    click.echo(_ask(ctx, name, "reset", machine=machine, kind=POWER[action])["power"])


@main.command()
@name_option
@machine_argument
@click.argument("action", type=click.Choice(["pull", "insert"]))
@click.pass_context
def plug(ctx: click.Context, /, name: str, machine: str, action: str) -> None:
    """Pull a machine's mains plug, BMC and all, or put it back: then it is as before."""
    click.echo(_ask(ctx, name, "plug", machine=machine, inserted=action == "insert")["power"])


@main.command("break", help="Break a machine.\n\n\b\n" + "\n".join(f"{key:12} {text}" for key, text in FAULTS.items()))
@name_option
@machine_argument
@click.argument("fault", type=click.Choice(list(FAULTS)))
@click.pass_context
def break_machine(ctx: click.Context, /, name: str, machine: str, fault: str) -> None:
    click.echo(", ".join(_ask(ctx, name, "set-fault", machine=machine, fault=fault, broken=True)["faults"]))


@main.command()
@name_option
@machine_argument
@click.argument("fault", type=click.Choice([*FAULTS, "all"]), default="all")
@click.pass_context
def mend(ctx: click.Context, /, name: str, machine: str, fault: str) -> None:
    """Mend a machine, or one fault of it."""
    status = _ask(ctx, name, "set-fault", machine=machine, fault=fault, broken=False)
    click.echo(", ".join(status["faults"]) or "no faults")


@main.command("exec")
@name_option
@click.option("--machine", help="In this machine's network instead of the rack's.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_context
def exec_inside(ctx: click.Context, /, name: str, machine: str | None, command: tuple[str, ...]) -> None:
    """Run a command inside the rack's network, from where all machines can be reached."""
    netns = _ask(ctx, name, "show", machine=machine)["netns"] if machine else _spec(ctx, name).netns
    lifecycle.exec_inside(netns, command)
