"""What authz takes beyond what every service takes."""

import msgspec

from services.chassis.config import ServiceSettings


class KnownService(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One service by its Ed25519 public keys (PEM); two while a key is being changed."""

    public_keys: tuple[str, ...]


class Settings(ServiceSettings, frozen=True, kw_only=True):
    """``manifest`` names every service; nobody else gets a token.

    ``identity_keys`` (PEM) are the keys that sign session tokens; where none is given, those of ``manifest.identity``.
    """

    manifest: dict[str, KnownService]
    identity_keys: tuple[str, ...] = ()
