"""What the runner has beyond its process."""

import socket
from dataclasses import dataclass
from pathlib import Path

from services.chassis.auth.mandates import Mandates
from services.chassis.config import ConfigurationError
from services.chassis.context import Process
from services.chassis.db import Database
from services.runner.adapters.ansible import AnsibleMissing, AnsibleRuntime
from services.runner.adapters.archives import Archives
from services.runner.adapters.checks import Checks
from services.runner.adapters.elements import ElementCatalogue, ElementFolder, ElementSource
from services.runner.adapters.relay import Relay
from services.runner.adapters.sandbox import Sandbox
from services.runner.adapters.sandbox.cgroup import ControlGroups, Limits
from services.runner.adapters.secrets import Secrets
from services.runner.config import SandboxSettings, Settings
from services.runner.domain.carrier import Carrier
from services.runner.domain.execution import Tools
from services.runner.domain.playbook import AnsibleSettings


@dataclass(frozen=True)
class Factory:
    """The singletons of a runner process."""

    process: Process
    db: Database
    authz: Mandates
    tools: Tools
    carrier: Carrier


def make_factory(process: Process, settings: Settings) -> Factory:
    """Assemble the runner; raises ConfigurationError where Ansible is not there."""
    name = settings.name or f"{socket.gethostname()}-{settings.listen.port}"
    tools = _tools(process, settings, name)
    carrier = Carrier(
        process.database,
        tools,
        holder=name,
        at_once=settings.runs_at_once,
        beat_seconds=settings.beat_seconds,
        silent_seconds=settings.silent_seconds,
        log_limit_characters=settings.log_limit_characters,
    )
    return Factory(process, process.database, Mandates(process), tools, carrier)


def _tools(process: Process, settings: Settings, name: str) -> Tools:
    runtime = AnsibleRuntime(Path(settings.ansible.folder))
    archives = Archives(process, Path(settings.cache_folder))
    return Tools(
        sandbox=_sandbox(settings.sandbox, name),
        ansible=runtime,
        settings=_ansible(runtime, settings),
        relay=Relay(process),
        secrets=Secrets(process),
        elements=_elements(settings, archives),
        checks=Checks(archives),
        user=settings.user,
        start_seconds=settings.start_seconds,
        sweep_seconds=settings.sweep_seconds,
        away_seconds=settings.away_seconds,
    )


def _elements(settings: Settings, archives: Archives) -> ElementSource:
    published = ElementCatalogue(archives)
    if settings.elements_folder:
        return ElementFolder(Path(settings.elements_folder), published)
    return published


def _ansible(runtime: AnsibleRuntime, settings: Settings) -> AnsibleSettings:
    try:
        runtime.check()
        plugins = runtime.mitogen_plugins if settings.ansible.mitogen else None
    except AnsibleMissing as error:
        raise ConfigurationError(f"ansible.folder: {error}") from error
    return AnsibleSettings(settings.ansible.forks, settings.ansible.connect_seconds, plugins)


def _sandbox(settings: SandboxSettings, name: str) -> Sandbox:
    limits = Limits(settings.memory_bytes, settings.processes, settings.processors)
    return Sandbox(
        ControlGroups(name),
        limits,
        uid=settings.uid,
        folder_bytes=settings.folder_bytes,
        bubblewrap=settings.bubblewrap,
    )
