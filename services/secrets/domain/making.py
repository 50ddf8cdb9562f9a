"""Make secrets of the kinds that elements ask for."""

import base64
import os
from collections.abc import Callable

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.chassis.errors import FieldProblem
from services.contracts.secrets import SecretSpec
from services.secrets.exceptions import UnknownSecretKind

LONGEST_BYTES = 4096


def check_kinds(specs: list[SecretSpec]) -> None:
    """Raise UnknownSecretKind with everything that can't be made."""
    problems = [problem for number, spec in enumerate(specs) for problem in _problems(f"/secrets/{number}", spec)]
    if problems:
        raise UnknownSecretKind("Some secrets can't be made.", errors=tuple(problems))


def make(spec: SecretSpec) -> bytes:
    """Return a fresh secret as the bytes that it is made of."""
    return _KINDS[spec.kind](spec)


def as_text(value: bytes) -> str:
    """Return a secret as it crosses the wire: base64."""
    return base64.b64encode(value).decode()


def _random_bytes(spec: SecretSpec) -> bytes:
    return os.urandom(spec.length)


def _ssh_key(_spec: SecretSpec) -> bytes:
    return openssh_private(Ed25519PrivateKey.generate())


def openssh_private(key: Ed25519PrivateKey) -> bytes:
    """Return a private key as the file that OpenSSH reads."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )


_KINDS: dict[str, Callable[[SecretSpec], bytes]] = {"random-bytes": _random_bytes, "ssh-ed25519": _ssh_key}


def _problems(pointer: str, spec: SecretSpec) -> list[FieldProblem]:
    found = []
    if spec.kind not in _KINDS:
        found.append(
            FieldProblem(f"{pointer}/kind", f"There is no kind {spec.kind}.", f"Known are: {', '.join(_KINDS)}.")
        )
    if not 1 <= spec.length <= LONGEST_BYTES:
        found.append(FieldProblem(f"{pointer}/length", f"{spec.length} is not within 1 and {LONGEST_BYTES}."))
    return found
