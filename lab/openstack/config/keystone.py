"""Keystone: Fernet tokens, and the default policies."""

from lab.openstack.config.shared import database_url
from lab.openstack.ini import Sections
from lab.openstack.settings import Settings

# The cost of bcrypt: 2^4 rounds take a millisecond, the default 0.2 s of CPU a log-in. Passwords here are long and random.
HASH_ROUNDS = 4


def keystone(settings: Settings) -> Sections:
    """keystone.conf."""
    return {
        "database": {"connection": database_url(settings, "keystone")},
        "token": {"provider": "fernet"},
        "fernet_tokens": {"key_repository": str(settings.data / "keystone" / "fernet-keys")},
        "credential": {"key_repository": str(settings.data / "keystone" / "credential-keys")},
        "identity": {"password_hash_rounds": HASH_ROUNDS},
    }
