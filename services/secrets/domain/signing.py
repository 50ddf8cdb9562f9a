"""SSH certificates of one run: short-lived, named for operation and hosts, good for nothing but commands."""

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    SSHCertificateBuilder,
    SSHCertificateType,
    load_ssh_private_key,
    load_ssh_public_key,
)

from services.chassis.errors import FieldProblem
from services.contracts.secrets import SignRequest
from services.secrets.exceptions import NotSignable

LONGEST_SECONDS = 86_400
LOGIN = "root"
"""The principal that sshd compares with the user who logs in (sshd_config, ``AuthorizedPrincipalsFile`` none)."""

_EARLY_SECONDS = 60
"""A host's clock may be this much behind."""

_KEY_ID_LENGTH = 1024
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")


@dataclass(frozen=True)
class Signed:
    """A certificate's line, what names it, and when it ends."""

    line: str
    key_id: str
    expires_at: datetime


def sign(authority: Ed25519PrivateKey, serial: int, request: SignRequest) -> Signed:
    """Return the certificate of a run's key. Raises NotSignable with everything that is wrong with ``request``.

    No extension is set (OpenSSH's PROTOCOL.certkeys): no terminal, no forwarding of ports, agents or X11, no user rc.
    """
    key = _checked(request)
    now = int(time.time())
    name = key_id(request)
    builder = (
        SSHCertificateBuilder()
        .public_key(key)
        .serial(serial)
        .type(SSHCertificateType.USER)
        .key_id(name.encode())
        .valid_principals([LOGIN.encode()])
        .valid_after(now - _EARLY_SECONDS)
        .valid_before(now + request.seconds)
    )
    line = builder.sign(authority).public_bytes().decode()
    return Signed(line, name, datetime.fromtimestamp(now + request.seconds, UTC))


def key_id(request: SignRequest) -> str:
    """Return what a host's log shows of the certificate: operation, cluster and hosts."""
    text = f"{request.operation_id} {request.cluster_id} {','.join(sorted(request.principals))}"
    return text if len(text) <= _KEY_ID_LENGTH else f"{text[: _KEY_ID_LENGTH - 1]}…"


def authority_key(text: bytes) -> Ed25519PrivateKey:
    """Return an authority's private key from its OpenSSH file."""
    key = load_ssh_private_key(text, None)
    assert isinstance(key, Ed25519PrivateKey)
    return key


def _checked(request: SignRequest) -> Ed25519PublicKey:
    problems = []
    if not 1 <= request.seconds <= LONGEST_SECONDS:
        problems.append(FieldProblem("/seconds", f"{request.seconds} is not within 1 and {LONGEST_SECONDS}."))
    if not request.principals:
        problems.append(FieldProblem("/principals", "At least one host is needed."))
    for number, host in enumerate(request.principals):
        if not _HOST.fullmatch(host):
            problems.append(FieldProblem(f"/principals/{number}", f"{host!r} is not a host name."))
    key = _public_key(request.public_key)
    if key is None:
        problems.append(FieldProblem("/public_key", "It is not an ssh-ed25519 public key.", "ssh-keygen -t ed25519"))
    if problems or key is None:
        raise NotSignable("The certificate can't be made.", errors=tuple(problems))
    return key


def _public_key(text: str) -> Ed25519PublicKey | None:
    try:
        key = load_ssh_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, Ed25519PublicKey) else None
