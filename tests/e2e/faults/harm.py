"""What is done to the parts of a running platform: stopped, frozen, cut off, killed, filled up, set to another time."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.launcher import records
from lab.launcher.job import Job
from lab.launcher.postgres import PrivatePostgres
from lab.launcher.rabbitmq import PrivateRabbit
from lab.launcher.settings import POSTGRES_PORT, RABBIT_PORT
from lab.launcher.supervisor_client import SupervisorClient
from tests.e2e.faults import wrong_clock
from tests.e2e.faults.small_disk import SmallDisk
from tests.e2e.platform import PORT_SHIFT, Platform, awaited

_BACK_SECONDS = 60.0


class Harm:
    """Harms one platform; everything that is harmed in a ``with`` block is whole again when it ends."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._supervisor = SupervisorClient(platform.state)
        self.postgres = PrivatePostgres(platform.state / "postgres", POSTGRES_PORT + PORT_SHIFT)
        self.rabbit = PrivateRabbit(platform.state / "rabbitmq", RABBIT_PORT + PORT_SHIFT)

    def processes_of(self, service: str) -> list[str]:
        """Return the names of a service's processes, such as ``node-serve`` and ``node-work``."""
        return sorted(path.stem for path in (self._platform.state / "run").glob(f"{service}-*.json"))

    @contextmanager
    def frozen(self, *processes: str) -> Iterator[None]:
        """Stop processes where they stand: their connections stay open, and nobody answers."""
        identities = [self._identity(name) for name in processes]
        for identity in identities:
            identity.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for identity in identities:
                identity.signal(signal.SIGCONT)

    @contextmanager
    def away(self, service: str) -> Iterator[None]:
        """Stop a service; its port refuses connections."""
        names = self.processes_of(service)
        identities = [self._identity(name) for name in names]
        for name in names:
            self._supervisor.drop(name)
        awaited(lambda: [one.pid for one in identities if one.lives()], lambda left: left == [], _BACK_SECONDS)
        try:
            yield
        finally:
            for name in names:
                self.start(name)

    @contextmanager
    def no_bus(self) -> Iterator[None]:
        """Kill the broker."""
        self.rabbit.kill()
        try:
            yield
        finally:
            self.rabbit.start()

    def start(self, process: str, *, clock_seconds: int = 0, log: Path | None = None) -> None:
        """Have the supervisor keep a process of a service, in the place of the one of that name that it keeps."""
        service, _, command = process.rpartition("-")
        config = str(self._platform.state / "config" / f"{service}.yaml")
        program: tuple[str, ...] = (f"services.{service}", command, "--config", config)
        if clock_seconds:
            program = (wrong_clock.__name__, str(clock_seconds), *program)
        before = self._platform.pid_of(process)
        output = str(log or self._platform.state / "log" / f"{process}.log")
        self._supervisor.keep(Job(process, program[0], program[1:], output))
        awaited(lambda: self._platform.pid_of(process), lambda pid: pid not in (None, before), _BACK_SECONDS)

    @contextmanager
    def clock_off(self, seconds: int, *processes: str) -> Iterator[None]:
        """Run processes whose clock is wrong by so much."""
        for name in processes:
            self.start(name, clock_seconds=seconds)
        try:
            yield
        finally:
            for name in processes:
                self.start(name)

    @contextmanager
    def log_on_small_disk(self, process: str, folder: Path) -> Iterator[SmallDisk]:
        """Have a process write its log to a small file system of its own."""
        with SmallDisk.mounted(folder, megabytes=4) as disk:
            self.start(process, log=folder / "process.log")
            try:
                yield disk
            finally:
                self.start(process)

    @contextmanager
    def database_on_small_disk(self, spare_megabytes: int) -> Iterator[SmallDisk]:
        """Move PostgreSQL to a file system with so much room beyond what it holds, and back at the end."""
        folder = self.postgres.state_dir
        aside = folder.with_name("postgres-aside")
        self.postgres.stop()
        held = int(subprocess.check_output(["du", "-sm", str(folder)], text=True).split()[0])
        folder.rename(aside)
        folder.mkdir(mode=0o700)
        try:
            with SmallDisk.mounted(folder, megabytes=held + spare_megabytes) as disk:
                _move(aside, folder)
                self.postgres.start()
                try:
                    yield disk
                finally:
                    disk.clear()
                    self.postgres.stop()
                    _move(folder, aside)
        finally:
            folder.rmdir()
            aside.rename(folder)
            self.postgres.start()

    def on_machine(self, machine: str, *command: str) -> str:
        """Run a command in a machine's system, as its console would; returns what it printed."""
        netns = self._platform.machine(machine)["netns"]
        pids = subprocess.check_output(["ip", "netns", "pids", netns], text=True).split()
        init = next(pid for pid in pids if _is_init(pid))
        entered = ["nsenter", "--target", init, "--all", "--", *command]
        done = subprocess.run(entered, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _identity(self, process: str) -> records.Identity:
        found = records.read(self._platform.state / "run", process)
        assert found is not None, f"{process} does not run"
        return found


def _is_init(pid: str) -> bool:
    """Tell whether a process is the first of its namespace (``NSpid`` in proc(5))."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line for line in lines if line.startswith("NSpid:")).split()[-1] == "1"


def _move(source: Path, target: Path) -> None:
    for path in source.iterdir():
        shutil.move(path, target / path.name)
