"""Secrets by reference, and the SSH certificate authority of a cluster."""

import msgspec

from services.contracts.times import Timestamp


class SecretSpec(msgspec.Struct, frozen=True):
    """A secret to be made if it is not there; ``name`` is ``<element>/<secret>``.

    ``random-bytes`` makes ``length`` bytes, ``ssh-ed25519`` an unencrypted private key file in OpenSSH's format.
    """

    name: str
    kind: str
    length: int = 32


class EnsureAuthority(msgspec.Struct, frozen=True):
    """Make the authority and the secrets of one cluster; what is there stays as it is."""

    project_id: str
    cluster_id: str
    secrets: list[SecretSpec] = []


class Authority(msgspec.Struct, frozen=True):
    """The public half: one line for ``TrustedUserCAKeys``."""

    cluster_id: str
    public_key: str


class ReadSecrets(msgspec.Struct, frozen=True):
    """Ask for secrets of one cluster by name; no names means all of them."""

    project_id: str
    names: list[str] = []


class SecretValues(msgspec.Struct, frozen=True):
    """Values by name, each as base64 text."""

    values: dict[str, str]


class StoreSecret(msgspec.Struct, frozen=True):
    """Put one value under a reference that the owner chooses (used by identity for cloud credentials)."""

    project_id: str
    value: str


class StoredSecret(msgspec.Struct, frozen=True):
    """One value, to the service that put it there."""

    value: str


class SignRequest(msgspec.Struct, frozen=True):
    """Sign a public key for a run: ``principals`` are the host names, good for ``seconds`` at most one day."""

    project_id: str
    cluster_id: str
    public_key: str
    operation_id: str
    principals: list[str]
    seconds: int


class Certificate(msgspec.Struct, frozen=True):
    """One line, as ``ssh-keygen -s`` writes it."""

    certificate: str
    serial: int
    expires_at: Timestamp
