"""Envelope encryption: each value has a key of its own, which a master key wraps. AES-256-GCM for both.

What a value is and whose it is goes in as associated data: a row copied to another place does not open.
"""

import base64
import binascii
import os
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.chassis.config import ConfigurationError
from services.secrets.config import MasterKey
from services.secrets.exceptions import MasterKeyMissing, SealBroken

_KEY_BYTES = 32
_NONCE_BYTES = 12
"""The nonce that NIST SP 800-38D recommends for GCM; random, under a key that seals one value."""


@dataclass(frozen=True)
class Place:
    """Where a value belongs; it opens nowhere else."""

    project_id: str
    owner: str
    reference: str

    @property
    def associated_data(self) -> bytes:
        return "\n".join((self.project_id, self.owner, self.reference)).encode()


@dataclass(frozen=True)
class Sealed:
    """A value as it is stored: the version of the master key, the wrapped key of the value, the value."""

    key_version: int
    wrapped_key: bytes
    ciphertext: bytes


class MasterKeys:
    """The master keys by version. Raises ConfigurationError for none, a double, or one that is not 32 bytes."""

    def __init__(self, keys: Iterable[MasterKey]) -> None:
        self._keys: dict[int, AESGCM] = {}
        for one in keys:
            if one.version in self._keys:
                raise ConfigurationError(f"master_keys: version {one.version} is there twice.")
            self._keys[one.version] = AESGCM(_key_bytes(one))
        if not self._keys:
            raise ConfigurationError("master_keys: at least one is needed.")

    @property
    def newest(self) -> int:
        """The version that seals."""
        return max(self._keys)

    @property
    def versions(self) -> frozenset[int]:
        """The versions that open."""
        return frozenset(self._keys)

    def seal(self, place: Place, value: bytes) -> Sealed:
        """Return ``value`` sealed for its place, under a fresh key."""
        key = AESGCM.generate_key(256)
        ciphertext = _encrypt(AESGCM(key), value, place)
        return Sealed(self.newest, _encrypt(self._keys[self.newest], key, place), ciphertext)

    def open(self, place: Place, sealed: Sealed) -> bytes:
        """Return the value; raises MasterKeyMissing, SealBroken."""
        return _decrypt(AESGCM(self._unwrap(place, sealed)), sealed.ciphertext, place)

    def rewrap(self, place: Place, sealed: Sealed) -> Sealed:
        """Return the same value with its key wrapped by the newest master key; the value itself stays sealed."""
        key = self._unwrap(place, sealed)
        return Sealed(self.newest, _encrypt(self._keys[self.newest], key, place), sealed.ciphertext)

    def _unwrap(self, place: Place, sealed: Sealed) -> bytes:
        master = self._keys.get(sealed.key_version)
        if master is None:
            raise MasterKeyMissing(f"Master key {sealed.key_version} is not configured.", reference=place.reference)
        return _decrypt(master, sealed.wrapped_key, place)


def _encrypt(key: AESGCM, value: bytes, place: Place) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + key.encrypt(nonce, value, place.associated_data)


def _decrypt(key: AESGCM, text: bytes, place: Place) -> bytes:
    try:
        return key.decrypt(text[:_NONCE_BYTES], text[_NONCE_BYTES:], place.associated_data)
    except (InvalidTag, ValueError) as error:
        raise SealBroken(
            "The sealed value does not open: it was changed or moved.", reference=place.reference
        ) from error


def _key_bytes(one: MasterKey) -> bytes:
    try:
        raw = base64.b64decode(one.key.read(), validate=True)
    except binascii.Error as error:
        raise ConfigurationError(f"master_keys: version {one.version} is not base64.") from error
    if len(raw) != _KEY_BYTES:
        raise ConfigurationError(f"master_keys: version {one.version} has {len(raw)} bytes instead of {_KEY_BYTES}.")
    return raw
