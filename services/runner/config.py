"""Configuration of the runner."""

import msgspec

from services.chassis.config import ServiceSettings


class SandboxSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits of one run's sandbox.

    ``uid`` is the user inside: a real one where the runner is root. ``folder_bytes`` is the size of each of its
    folders in memory; ``memory_bytes`` covers those too.
    """

    uid: int = 61184
    memory_bytes: int = 2 << 30
    folder_bytes: int = 1 << 30
    processes: int = 512
    processors: float = 2.0
    bubblewrap: str = "/usr/bin/bwrap"


class AnsibleRuntimeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``folder`` is Ansible's own virtual environment; ``mitogen`` lets mitogen carry the modules, which is quicker."""

    folder: str
    forks: int = 32
    connect_seconds: int = 20
    mitogen: bool = False


class Settings(ServiceSettings, frozen=True, kw_only=True):
    """What the runner takes beyond what every service takes.

    Elements and checks come from the blueprint service and are kept in ``cache_folder``; where ``elements_folder`` is
    given, for work on elements, elements come from there instead (it holds a folder an element). ``name`` tells the
    runners of a machine apart and must stay the same over a restart (left out: host and port). A run is lost when its
    runner is silent for ``silent_seconds``. One that has not begun waits ``away_seconds`` for a service that is away.
    """

    ansible: AnsibleRuntimeSettings
    cache_folder: str
    elements_folder: str | None = None
    sandbox: SandboxSettings = SandboxSettings()
    name: str | None = None
    user: str = "root"
    runs_at_once: int = 4
    start_seconds: float = 60.0
    sweep_seconds: float = 20.0
    beat_seconds: float = 1.0
    silent_seconds: float = 30.0
    away_seconds: float = 900.0
    log_limit_characters: int = 64_000_000
