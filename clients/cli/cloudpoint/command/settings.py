"""What the command remembers between calls: addresses, the session's token, the project in use."""

import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import yaml

DEFAULT_URL = "http://127.0.0.1:7480"
DEFAULT_FOLDER = Path.home() / ".config" / "cloudpoint"


@dataclass(frozen=True)
class Settings:
    """``operator_url`` is only needed for operators' commands."""

    url: str = DEFAULT_URL
    operator_url: str | None = None
    token: str | None = None
    email: str | None = None
    project: str | None = None


def folder() -> Path:
    """Return where settings and known hosts are kept: ``$CLOUDPOINT_CONFIG`` or ``~/.config/cloudpoint``."""
    given = os.environ.get("CLOUDPOINT_CONFIG")
    return Path(given) if given else DEFAULT_FOLDER


def load() -> Settings:
    """Return the settings; the environment (CLOUDPOINT_URL, …_OPERATOR_URL, …_TOKEN, …_PROJECT) goes first."""
    path = folder() / "settings.yaml"
    kept: dict[str, Any] = (yaml.safe_load(path.read_text()) or {}) if path.exists() else {}
    named = {key: os.environ[f"CLOUDPOINT_{key.upper()}"] for key in asdict(Settings()) if _given(key)}
    known = {key: value for key, value in {**kept, **named}.items() if key in asdict(Settings())}
    return Settings(**known)


def save(settings: Settings, **changes: Any) -> Settings:
    """Keep settings with changes, readable by their owner only."""
    changed = replace(settings, **changes)
    place = folder()
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = place / "settings.yaml"
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(yaml.safe_dump({key: value for key, value in asdict(changed).items() if value is not None}))
    fresh.replace(path)
    return changed


def _given(key: str) -> bool:
    return bool(os.environ.get(f"CLOUDPOINT_{key.upper()}"))
