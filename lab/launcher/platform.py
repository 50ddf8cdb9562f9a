"""The whole platform as one object: start what is needed in the order of needs, say what runs, stop all of it."""

import asyncio
import shutil
from functools import partial
from typing import Any

import msgspec

from lab.launcher import service_files
from lab.launcher.accounts import Accounts
from lab.launcher.clouds import Clouds
from lab.launcher.display import Display
from lab.launcher.emulated_clouds import EmulatedClouds
from lab.launcher.job import Job
from lab.launcher.keys import KeyFolder
from lab.launcher.postgres import PrivatePostgres
from lab.launcher.processes import ServerFailed
from lab.launcher.rabbitmq import PrivateRabbit
from lab.launcher.readiness import listens
from lab.launcher.real_clouds import RealClouds
from lab.launcher.service_files import ServiceFiles
from lab.launcher.settings import POSTGRES_PORT, RABBIT_PORT, CloudKind, Settings
from lab.launcher.steps import Step, run_steps
from lab.launcher.supervisor_client import SupervisorClient
from lab.privileges.identity import described
from lab.privileges.needs import shortcomings
from services.chassis.db import provision

SERVER_DEADLINE_SECONDS = 60.0
MIGRATION_DEADLINE_SECONDS = 60.0
READY_DEADLINE_SECONDS = 60.0
SERVICE_RANK = 1


class Platform:
    """One platform in one state folder."""

    def __init__(self, settings: Settings, display: Display) -> None:
        self.settings = settings
        self._display = display
        self._keys = KeyFolder(settings.state / "keys")
        self.postgres = PrivatePostgres(settings.state / "postgres", POSTGRES_PORT + settings.port_shift)
        self.rabbit = PrivateRabbit(settings.state / "rabbitmq", RABBIT_PORT + settings.port_shift)
        self._services = service_files.present()
        self._databases: dict[str, dict[str, Any]] = {}
        self.accounts = Accounts(settings, self._keys)
        self.supervisor = SupervisorClient(settings.state)
        self.clouds: Clouds = (
            RealClouds(settings, display)
            if settings.cloud_kind is CloudKind.OPENSTACK
            else EmulatedClouds(settings, self.supervisor)
        )

    def up(self) -> None:
        """Start all that does not run yet and wait until it is ready. Raises StepFailed."""
        self._display.say(f"  machines: {described()}")
        for sentence in shortcomings():
            self._display.say(f"  ! {sentence}")
        if not self.supervisor.running():
            self.supervisor.stop()
            self._refuse_taken_ports()
        if self.settings.amqp_url is None and not self.rabbit.running():
            self.rabbit.prepare()
        run_steps(self._steps(), self._display)

    def down(self) -> None:
        """Stop all that was started here; data stays. Raises StepFailed."""
        run_steps(
            [
                Step("services", "stop the services and the clouds", self.supervisor.stop),
                *self.clouds.down_steps(),
                Step("postgres", "stop PostgreSQL", self.postgres.stop, needs=("services",)),
                Step("rabbit", "stop RabbitMQ", self.rabbit.stop, needs=("services",)),
            ],
            self._display,
        )

    def destroy(self) -> None:
        """Stop all and delete the data, machines' disks included."""
        self.down()
        self.clouds.destroy()
        shutil.rmtree(self.settings.state)

    def _steps(self) -> list[Step]:
        return [
            Step("supervisor", "load the libraries that services share", self.supervisor.start),
            *self._server_steps(),
            Step("config", "write keys and configuration", self._write_files, needs=self._before_config()),
            *(step for cloud in self.settings.clouds for step in self.clouds.steps(cloud)),
            *(self._migration(name) for name in self._services if name not in service_files.WITHOUT_DATABASE),
            Step("keep", "start the services", self._start_services, needs=self._before_services()),
            Step("ready", "wait until every service is ready", self._wait_ready, needs=("keep",)),
            Step("accounts", "make log-ins of a customer and an operator", self.accounts.ensure, needs=("ready",)),
        ]

    def _server_steps(self) -> list[Step]:
        steps = []
        if self.settings.database_url is None:
            steps.append(Step("postgres", "PostgreSQL", partial(self.postgres.start, SERVER_DEADLINE_SECONDS)))
        if self.settings.amqp_url is None:
            steps.append(Step("rabbit", "RabbitMQ", partial(self.rabbit.start, SERVER_DEADLINE_SECONDS)))
        databases = Step("databases", "a database and roles for each service", self._provision, needs=("postgres",))
        return [*steps, databases]

    def _migration(self, service: str) -> Step:
        return Step(
            f"migrate-{service}",
            f"schema of {service}",
            partial(self.supervisor.run, self._job(service, "migrate"), MIGRATION_DEADLINE_SECONDS),
            needs=("config", "supervisor"),
        )

    def _before_config(self) -> tuple[str, ...]:
        return ("databases", *(f"cloud-{cloud.name}" for cloud in self.settings.clouds))

    def _before_services(self) -> tuple[str, ...]:
        return ("config", "supervisor", "rabbit", *(f"migrate-{name}" for name in self._services))

    def _refuse_taken_ports(self) -> None:
        """Nothing of ours runs now, so whoever listens on our ports is somebody else."""
        wanted = {name: service_files.ports(self.settings, name)["port"] for name in self._services}
        wanted |= {who: port for cloud in self.settings.clouds for who, port in self.clouds.ports(cloud).items()}
        taken = [f"{port} ({name})" for name, port in wanted.items() if listens(port)]
        if taken:
            raise ServerFailed(
                f"Another program listens on {', '.join(taken)}. Stop it, or move all ports with --port-shift 1000."
            )

    def _provision(self) -> None:
        admin_dsn = self.settings.database_url or self.postgres.admin_dsn

        async def make(service: str) -> None:
            password = self._keys.password
            made = await provision(
                admin_dsn,
                service,
                app_password=password(f"{service}-app"),
                owner_password=password(f"{service}-owner"),
            )
            self._databases[service] = msgspec.to_builtins(made.settings())

        async def make_all() -> None:
            await asyncio.gather(*(make(s) for s in self._services if s not in service_files.WITHOUT_DATABASE))

        asyncio.run(make_all())

    def _files(self) -> ServiceFiles:
        database = self._databases.__getitem__
        return ServiceFiles(self.settings, self._keys, database, self._amqp_url(), self.clouds.accesses)

    def _amqp_url(self) -> str:
        return self.settings.amqp_url or self.rabbit.url

    def _write_files(self) -> None:
        files = self._files()
        for service in self._services:
            files.write(service)

    def _job(self, service: str, command: str) -> Job:
        config = self.settings.state / "config" / f"{service}.yaml"
        return Job(
            name=f"{service}-{command}",
            module=f"services.{service}",
            arguments=(command, "--config", str(config)),
            log=str(self.settings.logs / f"{service}-{command}.log"),
            rank=SERVICE_RANK,
        )

    def _start_services(self) -> None:
        for service in self._services:
            for command in service_files.commands(service):
                self.supervisor.keep(self._job(service, command))

    def _wait_ready(self) -> None:
        for service in self._services:
            ports = service_files.ports(self.settings, service)
            for command in service_files.commands(service):
                port = ports["work_port" if command == "work" else "port"]
                self.supervisor.wait_ready(f"{service}-{command}", (port, "/readyz"), READY_DEADLINE_SECONDS)
