"""Salted hashes of passwords and secrets. Cheap on purpose (about 5 ms): this is a lab."""

import hashlib
import hmac
import secrets

SCRYPT = {"n": 2**11, "r": 8, "p": 1}


def hashed(password: str) -> str:
    """The text to store for a password."""
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}:{hashlib.scrypt(password.encode(), salt=salt, **SCRYPT).hex()}"


def matches(password: str, stored: str | None) -> bool:
    """Whether the password is the one that was hashed."""
    if not stored:
        return False
    salt, _, digest = stored.partition(":")
    computed = hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), **SCRYPT).hex()
    return hmac.compare_digest(computed, digest)
