"""One process by its name: stopped, started, restarted, killed, as tests of faults need it."""

from lab.launcher import records
from lab.launcher.processes import ServerFailed, wait_until
from lab.launcher.supervisor_client import SupervisorClient
from lab.openstack import programs
from lab.openstack.config.shared import rabbit_of
from lab.openstack.programs import RABBITMQ, Program
from lab.openstack.settings import Settings

START_DEADLINE_SECONDS = 60.0
STOP_DEADLINE_SECONDS = 60.0
# Many processes that import much at once, on two cores that do other things as well.
READY_DEADLINE_SECONDS = 240.0


class Control:
    """The processes of one cloud. Every method raises ServerFailed."""

    def __init__(self, settings: Settings, supervisor: SupervisorClient) -> None:
        self._settings = settings
        self._supervisor = supervisor
        self._rabbit = rabbit_of(settings)

    def names(self) -> list[str]:
        """The processes that there are."""
        return programs.names(self._settings)

    def keep(self, program: Program) -> None:
        """Start a process unless it runs, and have it started again whenever it ends."""
        self._supervisor.keep(program.job(self._settings))

    def wait(self, program: Program) -> None:
        """Wait until a process answers; one without a door is not waited for."""
        if program.door is not None:
            self._supervisor.wait_ready(program.name, program.door, READY_DEADLINE_SECONDS)

    def start(self, name: str) -> None:
        """Start a process that was stopped, and wait until it answers."""
        if name == RABBITMQ:
            self._rabbit.start(START_DEADLINE_SECONDS)
            return
        program = next(program for program in programs.every(self._settings) if program.name == name)
        self.keep(program)
        self.wait(program)

    def stop(self, name: str) -> None:
        """Stop a process until it is started."""
        if name == RABBITMQ:
            self._rabbit.stop()
            return
        process = records.read(self._settings.folder / "run", name)
        self._supervisor.drop(name)
        if process is not None and not wait_until(lambda: not process.lives(), STOP_DEADLINE_SECONDS):
            process.kill()
            raise ServerFailed(f"{name} did not stop in {STOP_DEADLINE_SECONDS:.0f} s, and was killed.")

    def restart(self, name: str) -> None:
        """Have a process end as it likes to, and start again."""
        self.stop(name)
        self.start(name)

    def kill(self, name: str) -> None:
        """Kill a process and its workers as a crash would; it is started again at once, RabbitMQ waits for `start`."""
        if name == RABBITMQ:
            self._rabbit.kill()
            return
        process = records.read(self._settings.folder / "run", name)
        if process is None or not process.lives():
            raise ServerFailed(f"{name} does not run.")
        process.kill()
