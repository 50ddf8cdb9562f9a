"""The demonstration: a platform of its own, a Slurm cluster by `cloudpoint`, MPI on it, nothing left behind."""

import shutil
import time
from dataclasses import dataclass, replace

from lab.launcher.customer import CLUSTER, Customer
from lab.launcher.display import Display
from lab.launcher.leftovers import leftovers
from lab.launcher.operator import Operator
from lab.launcher.platform import Platform
from lab.launcher.processes import ServerFailed, wait_until
from lab.launcher.readiness import listens
from lab.launcher.settings import (
    OPERATOR_PORT,
    POSTGRES_PORT,
    PUBLIC_PORT,
    RABBIT_PORT,
    REPOSITORY,
    CloudKind,
    Settings,
)

MACHINES = 3
COMPUTE_HOSTS = 2
RANKS = 4
GONE_DEADLINE_SECONDS = 10.0


@dataclass(frozen=True)
class Stage:
    """Where a demonstration is given: beside a platform on the default ports, and beside another on one shift."""

    name: str
    cloud: str
    shifts: tuple[int, ...]


STAGES = {
    CloudKind.SIMCLOUD: Stage("demo", "demo", (1000, 2000, 3000)),
    CloudKind.OPENSTACK: Stage("lab-demo", "trial", (6000, 7000)),
}


@dataclass(frozen=True)
class Outcome:
    """What the last line says."""

    ready_seconds: float
    answered: int


def own_settings(settings: Settings) -> Settings:
    """The demonstration's settings: its own state folder, cloud and ports. Raises ServerFailed if no ports are free."""
    stage = STAGES[settings.cloud_kind]
    for shift in stage.shifts:
        if not any(listens(port + shift) for port in (PUBLIC_PORT, OPERATOR_PORT, POSTGRES_PORT, RABBIT_PORT)):
            state = settings.state / "demo"
            return replace(settings, state=state, cloud_names=(stage.cloud,), machines=MACHINES, port_shift=shift)
    tried = ", ".join(map(str, stage.shifts))
    raise ServerFailed(f"No ports are free for the demonstration: tried {tried} above the usual.")


def run(settings: Settings, display: Display) -> str:
    """Run all of it; returns the last line. Whatever happens, everything is taken down.

    Raises StepFailed or ServerFailed; the logs are then kept beside the state folder's place.
    """
    logs = settings.state / "demo-logs"
    shutil.rmtree(logs, ignore_errors=True)
    own = own_settings(settings)
    if own.state.exists():
        Platform(own, display).destroy()
    platform = Platform(own, display)
    try:
        outcome = _journey(platform, display)
    except BaseException:
        if own.logs.exists():
            shutil.copytree(own.logs, logs, dirs_exist_ok=True)
            display.say(f"The logs are kept in {logs}.")
        raise
    finally:
        display.heading("Taking everything down")
        platform.destroy()
    _refuse_leftovers(own)
    name, seconds = STAGES[settings.cloud_kind].name, outcome.ready_seconds
    return f"{name}: ok, cluster ready in {seconds:.0f} s, {outcome.answered} of {RANKS} MPI ranks answered"


def _journey(platform: Platform, display: Display) -> Outcome:
    display.heading("Starting the platform")
    platform.up()
    customer = Customer(platform.settings, platform.accounts)
    operator = Operator(platform.settings, platform.accounts)
    with display.paused():
        display.heading("A customer logs in and orders a cluster")
        customer.log_in()
        begun = time.monotonic()
        customer.create_cluster(COMPUTE_HOSTS)
        ready_seconds = time.monotonic() - begun
        display.heading(f"Slurm: srun -N{COMPUTE_HOSTS} hostname")
        _expect_hosts(customer.on_cluster(f"srun -N{COMPUTE_HOSTS} hostname"))
        display.heading(f"MPI: a program compiled on the cluster, {RANKS} ranks by Slurm")
        answered = customer.run_mpi(REPOSITORY / "lab" / "launcher" / "ranks.c", COMPUTE_HOSTS, RANKS)
        if answered != RANKS:
            raise ServerFailed(f"{answered} of {RANKS} MPI ranks answered.")
        display.heading("The customer hands the cluster back")
        customer.delete_cluster()
        display.heading("An operator sees that every machine is free again")
        operator.log_in()
        operator.wait_until_free()
    return Outcome(ready_seconds, answered)


def _expect_hosts(output: str) -> None:
    wanted = {f"{CLUSTER}-compute-{number}" for number in range(1, COMPUTE_HOSTS + 1)}
    if set(output.split()) != wanted:
        raise ServerFailed(f"srun should have answered from {', '.join(sorted(wanted))}.")


def _refuse_leftovers(settings: Settings) -> None:
    wait_until(lambda: not leftovers(settings), GONE_DEADLINE_SECONDS)
    if left := leftovers(settings):
        raise ServerFailed("Something was left behind:\n" + "\n".join(left))
