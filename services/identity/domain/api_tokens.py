"""API tokens: ``cpt_<id>_<secret>``. The secret is 256 random bits, of which only a digest is kept."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

_FORMAT = re.compile(r"cpt_([0-9a-hjkmnp-tv-z]{26})_([A-Za-z0-9_-]{43})")
_SECRET_BYTES = 32


@dataclass(frozen=True)
class PresentedToken:
    """An API token as somebody shows it: its id (``tok_…``) and the digest of its secret."""

    id: str
    digest: bytes


def new_secret() -> str:
    """Return the secret part of a new token."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def text_of(token_id: str, secret: str) -> str:
    """Return the token as its owner sees it, once."""
    return f"cpt_{token_id.removeprefix('tok_')}_{secret}"


def digest_of(secret: str) -> bytes:
    """Return what is kept: of 256 random bits a plain SHA-256 suffices, nothing shorter can be guessed."""
    return hashlib.sha256(secret.encode()).digest()


def read(text: str) -> PresentedToken | None:
    """Return the parts of a token; None for what is none."""
    match = _FORMAT.fullmatch(text)
    return PresentedToken(f"tok_{match[1]}", digest_of(match[2])) if match else None


def same(one: bytes, other: bytes) -> bool:
    """Compare digests in a time that does not depend on them."""
    return hmac.compare_digest(one, other)
