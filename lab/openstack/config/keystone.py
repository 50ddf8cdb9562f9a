"""Keystone: Fernet tokens, and the default policies."""

from lab.openstack.config.shared import database_url
from lab.openstack.ini import Sections
from lab.openstack.settings import Settings

# The cost of bcrypt: 2^4 rounds take a millisecond, the default 0.2 s of CPU a log-in. Passwords here are long, random.
HASH_ROUNDS = 4


def keystone(settings: Settings) -> Sections:
    """keystone.conf."""
    return {
        "database": {"connection": database_url(settings, "keystone")},
        "token": {"provider": "fernet"},
        # One process serves it, so that its own memory is a coherent cache; the default keeps nothing.
        "cache": {"enabled": True, "backend": "oslo_cache.dict"},
        "fernet_tokens": {"key_repository": str(settings.data / "keystone" / "fernet-keys")},
        # Receipts of many-factor log-ins: nobody here gets one, and Keystone wants a place for their keys all the same.
        "fernet_receipts": {"key_repository": str(settings.data / "keystone" / "fernet-keys")},
        "credential": {"key_repository": str(settings.data / "keystone" / "credential-keys")},
        # bcrypt reads 72 bytes at most.
        "identity": {"password_hash_rounds": HASH_ROUNDS, "max_password_length": 72},
    }
