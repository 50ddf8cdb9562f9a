"""Keys and passwords of one platform: made once, readable by their owner only."""

import base64
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

PASSWORD_BYTES = 24
MASTER_KEY_BYTES = 32


class KeyFolder:
    """The folder of what only this platform may know."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def private_key(self, name: str) -> Path:
        """The file (PEM, PKCS 8) of an Ed25519 key that is made at first use."""
        path = self._folder / f"{name}.pem"
        if not path.exists():
            key = Ed25519PrivateKey.generate()
            _write(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return path

    def public_key(self, name: str) -> str:
        """The public half of ``private_key(name)`` as PEM."""
        key = load_pem_private_key(self.private_key(name).read_bytes(), password=None)
        return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def password(self, name: str) -> str:
        """A password that is made at first use."""
        return self.password_file(name).read_text()

    def password_file(self, name: str) -> Path:
        """The file of ``password(name)``."""
        path = self._folder / f"{name}.password"
        if not path.exists():
            _write(path, secrets.token_urlsafe(PASSWORD_BYTES).encode())
        return path

    def keep_password(self, name: str, password: str) -> Path:
        """Keep a password that somebody else made; returns its file."""
        path = self._folder / f"{name}.password"
        _write(path, password.encode())
        return path

    def master_key(self, name: str) -> Path:
        """The file of a random symmetric key of 256 bits in base64, made at first use."""
        path = self._folder / f"{name}.key"
        if not path.exists():
            _write(path, base64.b64encode(secrets.token_bytes(MASTER_KEY_BYTES)))
        return path


def _write(path: Path, content: bytes) -> None:
    """Write beside and rename, so that a file is whole or not there."""
    fresh = path.with_name(f".{path.name}")
    fresh.touch(mode=0o600)
    fresh.write_bytes(content)
    fresh.rename(path)
