"""``python -m lab.openstack``: a real OpenStack on one machine, started, shown and stopped."""

import json
import subprocess
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from lab.launcher import settings as places
from lab.launcher.display import Display
from lab.launcher.folder_lock import only_one
from lab.launcher.processes import ServerFailed
from lab.launcher.steps import StepFailed
from lab.openstack import logins
from lab.openstack.cloud import LOCK, OpenStack
from lab.openstack.settings import DEFAULT_SUBNET, FIRST_BMC_PORT, FIRST_PORT, Settings
from lab.openstack.status import lines_of, table_of

NOT_READY = 3
SHIFT_HELP = f"Add this to every port (APIs {FIRST_PORT}…, BMCs {FIRST_BMC_PORT}…), to run beside another cloud."


@click.group()
@click.option("--state", type=click.Path(path_type=Path), default=places.default_state, help="Where data is kept.")
@click.option("--cache", type=click.Path(path_type=Path), default=places.default_cache, help="What can be made again.")
@click.option("--port-shift", default=0, show_default=True, help=SHIFT_HELP)
@click.option("--rack", default="lab", show_default=True, help="The name of rack, cloud and region.")
@click.option("--machines", default=4, show_default=True, help="Machines of the rack.")
@click.option("--subnet", default=DEFAULT_SUBNET, show_default=True, help="The rack's network.")
@click.option("--bmc-port", type=int, help="The first BMC's loopback port.")
@click.option("--apt-proxy-port", type=int, help="The machines' package cache.")
@click.pass_context
def main(context: click.Context, /, state: Path, cache: Path, **options: Any) -> None:
    """Keystone, Heat, Nova, Placement, Neutron, Glance and Ironic in front of a rack of machines."""
    context.obj = Settings(state=state.absolute(), cache=cache.absolute(), **options)


def _shown(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command its cloud, hold the state folder, and make an expected failure a sentence and exit code 1."""

    @wraps(command)
    def run(settings: Settings, **options: Any) -> None:
        display = Display()
        try:
            with only_one(settings.state, LOCK), display:
                command(OpenStack(settings, display), **options)
        except (ServerFailed, StepFailed) as failure:
            print(f"✗ {failure}", file=sys.stderr)
            sys.exit(1)

    return run


@main.command()
@click.pass_obj
@_shown
def install(cloud: OpenStack) -> None:
    """Install Debian's packages and the services, where they are missing."""
    cloud.install()


@main.command()
@click.pass_obj
@_shown
def up(cloud: OpenStack) -> None:
    """Install, start and fill what is missing; done when every machine can be ordered."""
    cloud.up()
    print(f'  log-ins in {cloud.settings.clouds_file}; use one: eval "$(python -m lab.openstack … env)"')


@main.command()
@click.pass_obj
@_shown
def down(cloud: OpenStack) -> None:
    """Stop all; data stay, and machines that were on come on again at the next `up`."""
    cloud.down()


@main.command()
@click.pass_obj
@_shown
def clean(cloud: OpenStack) -> None:
    """Stop all and delete the data, machines' disks included."""
    cloud.clean()


@main.command()
@click.option("-o", "output", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.pass_obj
def status(settings: Settings, output: str) -> None:
    """What runs, since when, and whether it answers; exit code 3 when something does not."""
    display = Display()
    lines = lines_of(OpenStack(settings, display))
    if output == "json":
        print(json.dumps([line.to_json() for line in lines], indent=2))
    else:
        display.console.print(table_of(lines))
    sys.exit(0 if all(line.ready for line in lines) else NOT_READY)


@main.command()
@click.argument("names", nargs=-1)
@click.pass_obj
def logs(settings: Settings, names: tuple[str, ...]) -> None:
    """Follow the logs of all processes, or of those named."""
    files = [str(settings.logs / f"{name}.log") for name in names] or sorted(map(str, settings.logs.glob("*.log")))
    if not files:
        raise click.ClickException(f"There are no logs in {settings.logs}: nothing was started there.")
    subprocess.run(["tail", "-n", "20", "-F", *files], check=False)


@main.command()
@click.option("--as", "login", default="admin", show_default=True, help="An entry of clouds.yaml.")
@click.pass_obj
def env(settings: Settings, login: str) -> None:
    """Print what a shell sets so that `openstack` talks to this cloud."""
    if login not in logins.entries(settings):
        raise click.BadParameter(f"there is no log-in {login}; known are {', '.join(logins.entries(settings))}")
    print(logins.variables(settings, login))


def _on_one(verb: str, sentence: str) -> None:
    """Add a command that does something to one process, named as in `status`."""

    @main.command(name=verb, help=sentence)
    @click.argument("name")
    @click.pass_obj
    def do(settings: Settings, name: str) -> None:
        cloud = OpenStack(settings, Display())
        if name not in cloud.control.names():
            raise click.BadParameter(f"there is no process {name}; known are {', '.join(cloud.control.names())}")
        try:
            getattr(cloud.control, verb)(name)
        except ServerFailed as failure:
            raise click.ClickException(str(failure)) from failure


_on_one("restart", "Have a process end as it likes to, and start it again.")
_on_one("kill", "Kill a process as a crash would: the supervisor starts it again; RabbitMQ waits for `start`.")
_on_one("stop", "Stop a process until it is started.")
_on_one("start", "Start a process that was stopped, and wait until it answers.")


if __name__ == "__main__":
    main()
