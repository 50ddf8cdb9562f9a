"""Identifiers: a noun's prefix and 26 characters that sort by time (the ULID layout, in lower case)."""

import os
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH = 26


def new_id(prefix: str) -> str:
    """Return a fresh id such as ``clu_01jd…``: 48 bits of Unix milliseconds, then 80 random bits.

    The layout is that of the ULID specification (Crockford's base 32), so ids of one noun sort by creation.
    """
    number = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    return f"{prefix}_{_encode(number)}"


def _encode(number: int) -> str:
    return "".join(_ALPHABET[(number >> 5 * place) & 31] for place in reversed(range(_LENGTH)))
