"""People's SSH public keys: what is taken, and a clear word about what is not."""

import base64
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from services.chassis.errors import FieldProblem
from services.identity.constants import SMALLEST_RSA_BITS
from services.identity.exceptions import BadSshKey

_POINTER = "/public_key"
_HOW = "Paste the one line of the file that ends in .pub, such as ~/.ssh/id_ed25519.pub."
_KINDS = (
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
)
_SECURITY_KEYS = ("sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com")


@dataclass(frozen=True)
class PublicKey:
    """A key that was checked: its one line, and OpenSSH's SHA-256 fingerprint."""

    line: str
    fingerprint: str


def checked(text: str) -> PublicKey:
    """Return the key in ``text``, normalised. Raises BadSshKey, which says what is wrong and what to do."""
    line = text.strip()
    if "PRIVATE KEY" in line:
        raise _refusal("This is a private key. It has been thrown away; regard it as known to others.", _HOW)
    if "\n" in line or "\r" in line:
        raise _refusal("There is more than one line.", _HOW)
    kind, _, rest = line.partition(" ")
    _check_kind(kind)
    blob, _, comment = rest.strip().partition(" ")
    _check_key(kind, blob)
    plain = f"{kind} {blob} {comment.strip()}".strip()
    return PublicKey(plain, fingerprint(blob))


def fingerprint(blob: str) -> str:
    """Return what ``ssh-keygen -l`` prints for the base64 part of a key."""
    digest = hashlib.sha256(base64.b64decode(blob)).digest()
    return "SHA256:" + base64.b64encode(digest).rstrip(b"=").decode()


def _check_kind(kind: str) -> None:
    if kind == "ssh-dss":
        raise _refusal("DSA keys are too weak, and OpenSSH no longer takes them.", "Make one: ssh-keygen -t ed25519")
    if kind.endswith(("-cert-v01@openssh.com",)):
        raise _refusal("This is a certificate, not a key.", _HOW)
    if kind not in _KINDS + _SECURITY_KEYS:
        raise _refusal("It does not begin with a kind of key; options before the key are not taken.", _HOW)


def _check_key(kind: str, blob: str) -> None:
    if kind in _SECURITY_KEYS:
        _check_blob(kind, blob)
        return
    try:
        key = load_ssh_public_key(f"{kind} {blob}".encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _refusal("The key can't be read; a part of it may be missing.", _HOW) from error
    if isinstance(key, RSAPublicKey) and key.key_size < SMALLEST_RSA_BITS:
        detail = f"The RSA key has {key.key_size} bits; at least {SMALLEST_RSA_BITS} are needed."
        raise _refusal(detail, "Make one: ssh-keygen -t ed25519")


def _check_blob(kind: str, blob: str) -> None:
    """A security key's blob begins with its kind's length and name (RFC 4253, section 6.6)."""
    try:
        raw = base64.b64decode(blob, validate=True)
    except ValueError as error:
        raise _refusal("The key can't be read; a part of it may be missing.", _HOW) from error
    name = kind.encode()
    if not raw.startswith(len(name).to_bytes(4, "big") + name) or len(raw) < len(name) + 40:
        raise _refusal("The key can't be read; a part of it may be missing.", _HOW)


def _refusal(message: str, hint: str) -> BadSshKey:
    return BadSshKey("The SSH key can't be used.", errors=(FieldProblem(_POINTER, message, hint),))
