"""The cloud as one object: start its processes in the order of needs, fill it, stop all of it."""

import contextlib
import shutil
from functools import partial
from typing import Any

import yaml

from lab.launcher import enrolment
from lab.launcher.display import Display
from lab.launcher.processes import ServerFailed
from lab.launcher.racks import Racks
from lab.launcher.readiness import listens
from lab.launcher.settings import APT_CACHE_PORT
from lab.launcher.settings import Cloud as RackPlace
from lab.launcher.settings import Settings as LauncherSettings
from lab.launcher.steps import Step, run_steps
from lab.launcher.supervisor_client import SupervisorClient
from lab.openstack import description, keystone_keys, logins, programs, schemas
from lab.openstack.config import files
from lab.openstack.config.shared import rabbit_of
from lab.openstack.control import Control
from lab.openstack.database import Database
from lab.openstack.install import Installation
from lab.openstack.offered import wait_offered
from lab.openstack.resources import Resources
from lab.openstack.settings import PLACES, Settings
from lab.openstack.users import CUSTOMER_DOMAIN, Users

RABBIT_DEADLINE_SECONDS = 60.0
# The task that whoever starts or stops this cloud holds on its state folder.
LOCK = "openstack"


class OpenStack:
    """One cloud with its rack, in one state folder."""

    def __init__(self, settings: Settings, display: Display) -> None:
        self.settings = settings
        self._display = display
        self.supervisor = SupervisorClient(settings.folder, cold=True)
        self.rabbit = rabbit_of(settings)
        self.control = Control(settings, self.supervisor)
        self._racks = Racks(
            LauncherSettings(
                settings.state,
                settings.cache,
                machines=settings.machines,
                port_shift=settings.apt_cache_port - APT_CACHE_PORT,
            )
        )
        self._rack = RackPlace(settings.rack, settings.port("keystone"), settings.first_bmc_port, settings.subnet)

    def install(self) -> None:
        """Install what is missing: Debian's packages and the services' environment. Raises StepFailed."""
        run_steps(Installation(self.settings).steps(), self._display)

    def up(self) -> None:
        """Start all that does not run; returns when every machine can be ordered. Raises StepFailed, ServerFailed."""
        self._refuse_another_place()
        if not self.supervisor.running():
            self.supervisor.stop()
            self._refuse_taken_ports()
        steps = [*Installation(self.settings).steps(), *self._process_steps(), *self._content_steps()]
        run_steps(steps, self._display)

    def down(self) -> None:
        """Stop all that was started here; data stay, and machines that were on come on again at the next start."""
        run_steps(
            [
                Step("services", "stop OpenStack's services and MariaDB", self.supervisor.stop),
                Step("rabbit", "stop RabbitMQ", self.rabbit.stop, needs=("services",)),
                Step("rack", "cut the power of the rack", self._racks.down, needs=("services",)),
            ],
            self._display,
        )

    def clean(self) -> None:
        """Stop all and delete the data, machines' disks included; the cache stays."""
        self.down()
        self._racks.destroy()
        shutil.rmtree(self.settings.folder, ignore_errors=True)
        (self.settings.state / f"{LOCK}.lock").unlink(missing_ok=True)
        for folder in (self.settings.state / "rack", self.settings.state):
            with contextlib.suppress(OSError):  # somebody else's things are in it
                folder.rmdir()

    def _process_steps(self) -> list[Step]:
        database = Database(self.settings, self.supervisor)
        rack = f"rack {self.settings.rack}: {self.settings.machines} machines"
        return [
            Step("rack", rack, partial(self._racks.up, self._rack)),
            Step("files", "write configuration", self._write_files, needs=("packages",)),
            Step("rabbit", "RabbitMQ", partial(self.rabbit.start, RABBIT_DEADLINE_SECONDS), needs=("files",)),
            Step("supervisor", "a supervisor of the services", self.supervisor.start),
            Step("database", "MariaDB with all tables", database.start, needs=("supervisor", "files", "environment")),
            Step("keystone", "Keystone", self._start_keystone, needs=("database",)),
            Step("users", "roles, services and users in Keystone", self._ensure_users, needs=("keystone",)),
            Step("services", "the other services answer", self._start_others, needs=("users", "rabbit")),
        ]

    def _content_steps(self) -> list[Step]:
        """What an operator does once the services answer."""
        resources = Resources(self.settings)
        return [
            Step("flavor", "a flavor", resources.ensure_flavor, needs=("services",)),
            Step("image", "an image", resources.ensure_image, needs=("services",)),
            Step("network", "a network", resources.ensure_network, needs=("services",)),
            Step("nodes", "enrol the rack's machines in Ironic", self._enrol, needs=("services", "rack")),
            Step("offered", "Nova offers the machines", self._wait_offered, needs=("nodes",)),
            Step("told", "write cloud.json", self._describe, needs=("flavor", "image", "network", "offered")),
        ]

    def _write_files(self) -> None:
        self.rabbit.prepare()
        files.write_all(self.settings)

    def _start_keystone(self) -> None:
        for kind in ("fernet-keys", "credential-keys"):
            keystone_keys.ensure(self.settings.data / "keystone" / kind)
        if not self.settings.clouds_file.exists():
            schemas.bootstrap_keystone(self.settings)
        program = programs.keystone(self.settings)
        self.control.keep(program)
        self.control.wait(program)

    def _ensure_users(self) -> None:
        """Once: whoever was removed later stays away."""
        if not self.settings.clouds_file.exists():
            Users(self.settings, logins.connect(self.settings, "admin")).ensure()
            logins.write(self.settings)

    def _start_others(self) -> None:
        """nova-compute is started when Ironic answers, without which it would end; the others at once."""
        *first, last = programs.others(self.settings)
        for program in first:
            self.control.keep(program)
        self.control.wait(first[0])
        self.control.keep(last)
        for program in first[1:]:
            self.control.wait(program)

    def _enrol(self) -> None:
        enrolment.enrol(logins.connect(self.settings, "system"), self._racks.inventory(self._rack))

    def _wait_offered(self) -> None:
        wait_offered(logins.connect(self.settings, "admin"), self.settings.machines)

    def _describe(self) -> None:
        keystone: Any = logins.connect(self.settings, "admin").identity
        description.write(self.settings, keystone.find_domain(CUSTOMER_DOMAIN).id)

    def _refuse_another_place(self) -> None:
        """Addresses and region are kept in Keystone's catalogue and don't follow."""
        if not self.settings.clouds_file.exists():
            return
        entry = yaml.safe_load(self.settings.clouds_file.read_text())["clouds"]["admin"]
        made = (entry["auth"]["auth_url"], entry["region_name"])
        if made != (self.settings.auth_url, self.settings.rack):
            raise ServerFailed(
                f"The cloud in {self.settings.folder} is {made[1]} at {made[0]}: name it so by --rack and --port-shift,"
                " or `clean` it first."
            )

    def _refuse_taken_ports(self) -> None:
        """Nothing of ours runs now, so whoever listens on our ports is somebody else; a RabbitMQ of ours is adopted."""
        wanted = {self.settings.port(name): name for name in PLACES if name != "rabbitmq" or not self.rabbit.running()}
        taken = [f"{port} ({name})" for port, name in wanted.items() if listens(port)]
        if taken:
            raise ServerFailed(
                f"Another program listens on {', '.join(taken)}. Stop it, or move all with --port-shift."
            )
