"""Configuration: one YAML file a service, the text of the Helm values; unknown keys are refused with their path.

This is the only module that reads the environment, and only for secrets that the file names.
"""

import os
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from services.chassis.bus import BusSettings
from services.chassis.db import DatabaseSettings
from services.chassis.errors import InvalidRequest
from services.chassis.validation import convert_document

T = TypeVar("T", bound="ServiceSettings")


class ConfigurationError(Exception):
    """The configuration can't be used; the text names the file and every wrong key with its path."""


class Secret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A secret that the file points to and does not hold: an environment variable's name or a file's path."""

    env: str | None = None
    file: str | None = None

    def __post_init__(self) -> None:
        if (self.env is None) == (self.file is None):
            raise ValueError("say one of env: (a variable's name) and file: (a path)")

    def read(self) -> str:
        """Return the secret's text without the line end; raises ConfigurationError if it is not there or empty."""
        try:
            text = Path(self.file).read_text() if self.file else os.environ[self.env or ""]
        except (KeyError, OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"The secret {self} can't be read: {error}.") from error
        if not text.strip():
            raise ConfigurationError(f"The secret {self} is empty.")
        return text.strip()


class Listen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a process listens. ``work`` processes listen on ``work_port``, with health and metrics only."""

    host: str = "127.0.0.1"
    port: int = 0
    work_port: int = 0


class AuthSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a service proves who it is and whom it believes.

    ``key_file`` is the service's own Ed25519 key (PEM); ``issuer_keys`` are authz's public keys (PEM), new one first.
    """

    key_file: str
    issuer_keys: tuple[str, ...]


class LogSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``format`` is ``json`` for machines and ``console`` for people."""

    level: str = "INFO"
    format: str = "json"


class LimitSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one request may cost: bytes of body, and seconds until it is given up."""

    body_bytes: int = 1_000_000
    request_seconds: float = 30.0
    stop_seconds: float = 10.0


class ServiceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every service takes; a service's own ``config.py`` derives from it."""

    listen: Listen
    auth: AuthSettings
    services: dict[str, str] = {}
    database: DatabaseSettings | None = None
    bus: BusSettings | None = None
    log: LogSettings = LogSettings()
    limits: LimitSettings = LimitSettings()


def load(path: Path, wanted: type[T]) -> T:
    """Read ``path`` as ``wanted``; raises ConfigurationError naming every key that is wrong, with its path."""
    try:
        document: Any = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path} can't be read: {error}") from error
    try:
        return convert_document({} if document is None else document, wanted)
    except InvalidRequest as refusal:
        lines = [f"  {_dotted(problem.pointer)}: {problem.message}" for problem in refusal.errors]
        raise ConfigurationError("\n".join([f"{path} is not a valid configuration:", *lines])) from refusal


def _dotted(pointer: str) -> str:
    return pointer.removeprefix("/").replace("/", ".") or "(top)"
