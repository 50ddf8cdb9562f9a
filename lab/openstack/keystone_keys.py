"""Keystone's key repositories: files 0 (the next key) and 1 (the one in use), each a Fernet key."""

from pathlib import Path

from cryptography.fernet import Fernet

from lab.openstack.config.files import write_private


def ensure(folder: Path) -> None:
    """Make the two keys unless they are there; other keys would void every token and credential."""
    for name in ("0", "1"):
        if not (folder / name).exists():
            write_private(folder / name, Fernet.generate_key().decode())
