"""`python -m lab.simcloud`: `serve` an emulated OpenStack cloud; `knob`, `tune` and `seed` trouble, speed, fill it."""

import asyncio
import logging
import sys
from ipaddress import IPv4Network
from pathlib import Path

import click

from lab.simcloud.config import CloudConfig, Tuning
from lab.simcloud.knobs.command import knob, seed, tune
from lab.simcloud.server import run


@click.group()
def main() -> None:
    """An OpenStack cloud that exists only as APIs, over machines that are real."""


@main.command()
@click.option("--name", default="alpha", show_default=True, help="Name of the cloud and of its region.")
@click.option("--state", type=click.Path(path_type=Path), required=True, help="Folder for database and clouds.yaml.")
@click.option("--base-port", type=int, default=7600, show_default=True, help="Keystone's port; the others follow.")
@click.option("--subnet", default="10.77.0.0/24", show_default=True, help="Of the shared network `provision`.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--step-seconds", type=float, default=0.1, show_default=True, help="How long a state without work lasts.")
@click.option("--power-sync-seconds", type=float, default=3.0, show_default=True, help="Between two looks at a BMC.")
@click.option("--bmc-timeout-seconds", type=float, default=5.0, show_default=True, help="Of one Redfish request.")
@click.option("--deploy-timeout-seconds", type=float, default=10.0, show_default=True, help="To reach a silent BMC.")
@click.option("--heat-retries", type=int, default=1, show_default=True, help="Of a resource that went to ERROR.")
@click.option("--token-hours", type=float, default=24.0, show_default=True, help="Life of a Keystone token.")
@click.option("--heat-race-names", metavar="REGEX", help="Of these stack names two creates at once both win.")
def serve(
    name: str,
    state: Path,
    base_port: int,
    subnet: str,
    host: str,
    step_seconds: float,
    power_sync_seconds: float,
    bmc_timeout_seconds: float,
    deploy_timeout_seconds: float,
    heat_retries: int,
    token_hours: float,
    heat_race_names: str | None,
) -> None:
    """Serves the cloud until SIGTERM; prints a line when it is ready."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("sanic.root").setLevel(logging.WARNING)
    config = CloudConfig(
        name=name,
        state=state.resolve(),
        base_port=base_port,
        subnet=IPv4Network(subnet),
        host=host,
        tuning=Tuning(
            step_seconds=step_seconds,
            power_sync_seconds=power_sync_seconds,
            bmc_timeout_seconds=bmc_timeout_seconds,
            deploy_timeout_seconds=deploy_timeout_seconds,
            heat_retries=heat_retries,
            token_hours=token_hours,
            heat_race_names=heat_race_names,
        ),
    )
    asyncio.run(run(config))


main.add_command(knob)
main.add_command(seed)
main.add_command(tune)

if __name__ == "__main__":
    main()
