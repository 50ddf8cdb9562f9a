"""What the cells are tried on: servers of their own, all services, a cloud without machines, and lanes with workers."""

import asyncio
import contextlib
import secrets
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec
import yaml

from lab.launcher.postgres import PrivatePostgres
from lab.launcher.processes import free_port
from lab.launcher.rabbitmq import PrivateRabbit
from lab.simcloud.knobs.client import Knobs
from lab.simcloud.tests.running import CLOUD_PORTS, RunningCloud, enrol
from services.chassis.bus import BusSettings
from services.chassis.db import DatabaseSettings, Schema
from services.chassis.outbox import OutboxSettings
from services.chassis.saga import SagaSettings
from services.cluster.schema import SCHEMA
from services.cluster.tests.world import World, open_world
from tests.faults.armed import Armed
from tests.faults.lane import Lane
from tests.faults.oracle import Oracle
from tests.faults.recorder import recording
from tests.support.databases import Databases
from tests.support.ports import free_range

_ROOT = Path(__file__).parents[2]
# A cluster has two; those of the one before are free some moments later, when the node service has looked.
_NODES_A_LANE = 6
_RABBIT_PORTS = 3
# So long a machine is given back at least: whoever does not wait for it is past it by then.
_DELETING_SECONDS = 0.6
# A worker that stands still holds its transactions for so long, one after the other, and the lock of the publisher.
_IDLE_SECONDS = 4.0
_QUICK_CLOUD = ("--step-seconds", "0.01", "--heat-retries", "0")
# A cell waits for leases and tries to come round, so that these are short; what they do is the same.
_QUICK = {
    "saga": SagaSettings(lease_seconds=0.6, poll_seconds=0.5, retry_seconds=0.02, longest_retry_seconds=0.2),
    "outbox": OutboxSettings(poll_seconds=0.5, retry_seconds=0.1, lead_seconds=_IDLE_SECONDS),
    "node_look_seconds": 1.0,
}


class Crew(NamedTuple):
    """Who works on some lanes: the command of their workers' parent, and the lanes' kind."""

    command: Sequence[str]
    lane: type[Lane] = Lane


OURS = Crew((sys.executable, "-m", "tests.faults.worker"))


@dataclass
class Stage:
    """The lanes by their crew, and the two servers that all of them share."""

    crews: dict[str, list[Lane]]
    postgres: PrivatePostgres
    rabbit: PrivateRabbit

    @property
    def lanes(self) -> list[Lane]:
        """The lanes of all crews."""
        return [lane for lanes in self.crews.values() for lane in lanes]

    def of(self, crew: str) -> "Stage":
        """Return the stage with the lanes of one crew only."""
        return Stage({crew: self.crews[crew]}, self.postgres, self.rabbit)


def new_folder() -> Path:
    """Return a new folder for a stage, which PostgreSQL's own user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="cloudpoint-faults-"))
    folder.chmod(0o755)
    return folder


@contextlib.asynccontextmanager
async def open_stage(
    folder: Path, lanes: int, seconds: float, crews: Mapping[str, Crew] | None = None, spare_nodes: int = 0
) -> AsyncIterator[Stage]:
    """Start everything in ``folder``, and as many lanes for each of the crews (ours, if none is named).

    Each wait of a lane is given ``seconds``; ``spare_nodes`` are there beyond those that the lanes' clusters need.
    """
    crews = crews or {"lane": OURS}
    async with AsyncExitStack() as stack:
        postgres, rabbit, cloud = await _servers(stack, folder)
        await asyncio.to_thread(_enrol, cloud, _NODES_A_LANE * lanes * len(crews), spare_nodes)
        databases = Databases(postgres.admin_dsn, session=secrets.token_hex(3))

        async def fresh(schema: Schema) -> DatabaseSettings:
            settings = (await databases.copy(schema)).settings(pool_size=5)
            if schema is not SCHEMA:
                return settings
            return msgspec.structs.replace(settings, idle_in_transaction_seconds=_IDLE_SECONDS)

        bus = BusSettings(url=rabbit.url, reconnect_seconds=0.2, redelivery_delay_seconds=0.1)
        names = {crew: [f"{crew}-{number}" for number in range(lanes)] for crew in crews}
        every = [name for of_crew in names.values() for name in of_crew]
        world = await open_world(stack, folder, cloud, fresh, bus, dict.fromkeys(every, False), **_QUICK)
        world.hosts.tell = world.running["node"].process.events.publish
        recorder = await stack.enter_async_context(recording(await fresh(SCHEMA), bus))
        world.hosts.standing = (oracle := Oracle(world, recorder)).stands
        stage = Stage({}, postgres, rabbit)
        for crew, how in crews.items():
            armed = {name: Armed(folder / name / "armed") for name in names[crew]}
            parent = await stack.enter_async_context(_workers(world, folder, armed, how.command))
            stage.crews[crew] = [
                how.lane(name, world, oracle, await world.person(), armed[name], _runs(parent), seconds)
                for name in armed
            ]
        yield stage


def _runs(parent: Process) -> Callable[[], bool]:
    return lambda: parent.returncode is None


async def _servers(stack: AsyncExitStack, folder: Path) -> tuple[PrivatePostgres, PrivateRabbit, RunningCloud]:
    """Start PostgreSQL, RabbitMQ and a cloud, which ``stack`` stops."""
    first_port = free_range(_RABBIT_PORTS + CLOUD_PORTS)
    postgres = PrivatePostgres(folder / "postgres", free_port(), durable=False)
    rabbit = PrivateRabbit(folder / "rabbitmq", first_port)
    cloud = RunningCloud("alpha", folder / "cloud", first_port + _RABBIT_PORTS, "10.99.4.0/24", *_QUICK_CLOUD)
    for server in (postgres, rabbit):
        stack.callback(server.stop)
    await asyncio.gather(*(asyncio.to_thread(one.start) for one in (postgres, rabbit, cloud)))
    stack.callback(cloud.stop)
    knobs = stack.enter_context(Knobs(cloud.state))
    knobs.on_work("node", "delay", state="deleting", delay_seconds=_DELETING_SECONDS)
    return postgres, rabbit, cloud


def _enrol(cloud: RunningCloud, nodes: int, spare: int) -> None:
    system = cloud.connect("system")
    for number in range(nodes):
        enrol(system, f"bm-{number}")
    with Knobs(cloud.state) as knobs:
        knobs.seed(nodes=spare)


@contextlib.asynccontextmanager
async def _workers(world: World, folder: Path, armed: dict[str, Armed], crew: Sequence[str]) -> AsyncIterator[Process]:
    """Run the workers of a crew's lanes, in processes to which faults can happen; yields their parent."""
    command = list(crew)
    for name in armed:
        settings = world.running[name].process.settings
        listen = msgspec.structs.replace(settings.listen, work_port=0)
        path = folder / name / "cluster.yaml"
        path.write_text(yaml.safe_dump(msgspec.to_builtins(msgspec.structs.replace(settings, listen=listen))))
        command += ["--lane", str(path), str(folder / name / "armed")]
    with (folder / "worker.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(*command, cwd=_ROOT, stdout=log, stderr=log)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
