"""The rack's files under `<state>/rack/<name>/`, and small JSON records in them, each replaced whole."""

import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

Record = TypeVar("Record")


@dataclass(frozen=True)
class MachineFolder:
    """One machine's files: its disk, its console, what is in its drives, and its remembered state."""

    path: Path

    @property
    def state(self) -> Path:
        return self.path / "state.json"

    @property
    def console(self) -> Path:
        return self.path / "console.log"

    @property
    def bmc_log(self) -> Path:
        return self.path / "bmc.log"

    @property
    def disk(self) -> Path:
        return self.path / "disk"

    @property
    def scratch(self) -> Path:
        """The memory of a system that booted without a config drive: gone with the next boot."""
        return self.path / "scratch"

    @property
    def media(self) -> Path:
        return self.path / "media"

    @property
    def root(self) -> Path:
        """Mount point of the machine's file system; the mount itself exists only in the machine's own namespace."""
        return self.path / "root"

    def make(self) -> None:
        """Create what is missing."""
        for folder in (self.path, self.disk, self.media, self.root):
            folder.mkdir(parents=True, exist_ok=True)


@dataclass(frozen=True)
class RackFolder:
    """One rack's files."""

    path: Path

    @classmethod
    def of(cls, state_root: Path, name: str) -> "RackFolder":
        return cls(state_root / "rack" / name)

    @property
    def spec(self) -> Path:
        return self.path / "rack.json"

    @property
    def password(self) -> Path:
        return self.path / "bmc-password"

    @property
    def socket(self) -> Path:
        return self.path / "control.sock"

    @property
    def lock(self) -> Path:
        return self.path / "serve.lock"

    @property
    def log(self) -> Path:
        return self.path / "serve.log"

    @property
    def shared(self) -> Path:
        """The lab's file server: a folder a project, seen by the project's machines as /mnt/shared-storage."""
        return self.path / "shared"

    def machine(self, name: str) -> MachineFolder:
        return MachineFolder(self.path / "machines" / name)

    def make(self) -> None:
        """Create what is missing; only root looks inside (disks hold private keys)."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)
        self.shared.mkdir(exist_ok=True)

    def bmc_password(self) -> str:
        """The password of all BMCs of this rack, made on first use, readable by root only."""
        if not self.password.exists():
            write_private(self.password, secrets.token_urlsafe(18).encode())
        return self.password.read_text()


def read_record(path: Path, kind: type[Record]) -> Record | None:
    """The record in a file, or nothing if there is no file."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        return None


def write_record(path: Path, record: Any) -> None:
    """Replace a record; a reader sees the old or the new one, never a part."""
    write_private(path, msgspec.json.format(msgspec.json.encode(record)))


def write_private(path: Path, content: bytes) -> None:
    """Replace a file that only its owner may read."""
    fresh = path.with_name(f".{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    fresh.replace(path)


def erase(path: Path) -> None:
    """Remove a folder and all that is in it, if it is there."""
    if path.exists():
        shutil.rmtree(path)
