"""``python -m lab.launcher``: the platform on one machine, started, shown and stopped."""

import signal
import subprocess
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from lab.launcher import settings as places
from lab.launcher.display import Display
from lab.launcher.folder_lock import only_one
from lab.launcher.processes import ServerFailed
from lab.launcher.settings import Settings
from lab.launcher.steps import StepFailed
from lab.privileges.entering import become_root
from lab.privileges.way import NoWayError

NOT_READY = 3
STATE_HELP = "Where data is kept  [default: .state; .state/lab if real]."
PORT_SHIFT_HELP = f"Add this to every port, to run beside another  [default: 0; {places.REAL_PORT_SHIFT} if real]."


@click.group()
@click.option(
    "--cloud-kind",
    type=click.Choice([kind.value for kind in places.CloudKind]),
    default=places.CloudKind.SIMCLOUD.value,
    show_default=True,
    help="Emulated clouds, or the real OpenStack.",
)
@click.option(
    "--state", type=click.Path(path_type=Path), help="Where data is kept  [default: .state; .state/lab if real]."
)
@click.option("--cache", type=click.Path(path_type=Path), default=places.default_cache, help="What can be made again.")
@click.option("--clouds", help="Clouds with their racks, e.g. alpha,beta  [default: alpha; lab if real].")
@click.option("--machines", default=4, show_default=True, help="Machines of each rack.")
@click.option("--port-shift", type=int, help=PORT_SHIFT_HELP)
@click.option("--database-url", help="A superuser's address at a PostgreSQL that exists; none is started.")
@click.option("--amqp-url", help="The address of a RabbitMQ that exists; none is started.")
@click.option(
    "--blueprints",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=places.REPOSITORY / "blueprints",
    help="The folder of the blueprints that are offered.",
)
@click.pass_context
def main(
    context: click.Context,
    /,
    cloud_kind: str,
    state: Path | None,
    cache: Path,
    clouds: str | None,
    port_shift: int | None,
    blueprints: Path,
    **options: Any,
) -> None:
    """Cloudpoint on one machine: databases, a broker, racks of machines, their clouds and all services."""
    kind = places.CloudKind(cloud_kind)
    context.obj = Settings(
        state=(state or places.default_state(kind)).absolute(),
        cache=cache.absolute(),
        cloud_kind=kind,
        cloud_names=_cloud_names(kind, clouds),
        port_shift=places.default_port_shift(kind) if port_shift is None else port_shift,
        blueprints=blueprints.absolute(),
        **options,
    )


def _cloud_names(kind: places.CloudKind, wanted: str | None) -> tuple[str, ...]:
    real = kind is places.CloudKind.OPENSTACK
    known = places.REAL_CLOUD_NAMES if real else places.CLOUD_NAMES
    names = tuple(wanted.split(",")) if wanted else known[:1]
    if unknown := set(names) - set(known):
        raise click.BadParameter(f"there is no cloud {', '.join(unknown)}; known are {', '.join(known)}")
    if real and len(names) > 1:
        raise click.BadParameter("there is one real cloud a platform; for another: --state, --port-shift, and its name")
    return names


def _shown(command: Callable[[Settings, Display], None]) -> Callable[[Settings], None]:
    """Give a command a display, hold the state folder, and make an expected failure a sentence and exit code 1."""

    @wraps(command)
    def run(settings: Settings) -> None:
        display = Display()
        try:
            become_root(settings.state, settings.cache)
            with only_one(settings.state, "demo" if command.__name__ == "demo" else "launcher"), display:
                command(settings, display)
        except (ServerFailed, StepFailed, NoWayError) as failure:
            display.console.print(f"[red]✗[/] {escape(str(failure))}")
            sys.exit(1)

    return run


@main.command()
@click.pass_obj
@_shown
def up(settings: Settings, display: Display) -> None:
    """Start all that does not run, and leave it running."""
    from lab.launcher.platform import Platform

    platform = Platform(settings, display)
    platform.up()
    for login in platform.accounts.logins():
        display.say(f"  {login.who}  {login.url}  {login.email:22}  password in {login.password_file}")
    for cloud in settings.clouds:
        file = platform.clouds.clouds_file(cloud)
        display.say(f"  OpenStack  {cloud.auth_url}  OS_CLIENT_CONFIG_FILE={file} .venv/bin/openstack --os-cloud admin")


@main.command()
@click.pass_obj
@_shown
def down(settings: Settings, display: Display) -> None:
    """Stop all that was started; data and clusters stay."""
    from lab.launcher.platform import Platform

    Platform(settings, display).down()


@main.command()
@click.pass_obj
@_shown
def destroy(settings: Settings, display: Display) -> None:
    """Stop all that was started and delete its data, machines' disks included."""
    from lab.launcher.platform import Platform

    Platform(settings, display).destroy()


@main.command()
@click.pass_obj
def run(settings: Settings) -> None:
    """Start all, stay until Ctrl-C or SIGTERM, then stop all."""
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, signal.default_int_handler)
    try:
        context = click.get_current_context()
        context.invoke(up)
        click.echo("Running. Ctrl-C stops everything.")
        signal.pause()
    except KeyboardInterrupt:
        context.invoke(down)


@main.command()
@click.pass_obj
def status(settings: Settings) -> None:
    """What runs, since when, and whether it is ready; exit code 3 when something is not."""
    from lab.launcher.platform import Platform
    from lab.launcher.status import lines_of, table_of

    display = Display()
    lines = lines_of(Platform(settings, display))
    display.console.print(table_of(lines))
    sys.exit(0 if all(line.ready for line in lines) else NOT_READY)


@main.command()
@click.argument("names", nargs=-1, required=True)
@click.pass_obj
def restart(settings: Settings, names: tuple[str, ...]) -> None:
    """Start processes again with the code as it is now, e.g. cluster-serve cluster-work."""
    from lab.launcher.supervisor_client import SupervisorClient

    for name in names:
        try:
            SupervisorClient(settings.state).restart(name)
        except ServerFailed as failure:
            raise click.ClickException(str(failure)) from failure


@main.command()
@click.pass_obj
@_shown
def demo(settings: Settings, display: Display) -> None:
    """Build a Slurm cluster on a platform of its own, run MPI on it, take everything down."""
    from lab.launcher.demo import run as run_demo

    display.say(run_demo(settings, display))


@main.command()
@click.argument("names", nargs=-1)
@click.pass_obj
def logs(settings: Settings, names: tuple[str, ...]) -> None:
    """Follow the logs of all processes, or of those named."""
    files = [str(settings.logs / f"{name}.log") for name in names] or sorted(map(str, settings.logs.glob("*.log")))
    if not files:
        raise click.ClickException(f"There are no logs in {settings.logs}: nothing was started there.")
    subprocess.run(["tail", "-n", "20", "-F", *files], check=False)


if __name__ == "__main__":
    main()
