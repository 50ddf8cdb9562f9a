"""When is a request the same one again: scope, fingerprint, and which answers are kept."""

import hashlib
import re
from dataclasses import dataclass

from services.chassis.auth.tokens import Grants
from services.gateway.exceptions import KeyMalformed

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_NOT_AN_ANSWER = frozenset({401, 403, 408, 409, 425, 429})


@dataclass(frozen=True)
class KeyedRequest:
    """One request with an ``Idempotency-Key``: the key belongs to a subject and a route, and binds the request."""

    subject: str
    route: str
    key: str
    request_digest: bytes

    @property
    def key_digest(self) -> bytes:
        return hashlib.sha256(self.key.encode()).digest()


@dataclass(frozen=True)
class KeptAnswer:
    """An answer as it is kept and given again, to those who may still do what it was given for by ``grants``."""

    status: int
    headers: dict[str, str]
    body: bytes
    grants: Grants | None = None


def keyed(subject: str, route: str, key: str, target: str, body: bytes) -> KeyedRequest:
    """Bind ``key`` to a request; ``target`` is its path and query. Raises KeyMalformed."""
    if not _KEY.fullmatch(key):
        raise KeyMalformed()
    digest = hashlib.sha256(target.encode() + b"\n" + body).digest()
    return KeyedRequest(subject, route, key, digest)


def is_final(status: int) -> bool:
    """Tell whether an answer stands for good: a refusal that passes by itself must not be repeated for a day."""
    return status < 500 and status not in _NOT_AN_ANSWER


def is_uncertain(status: int) -> bool:
    """Tell whether the service may have done it though it did not answer well: only the lease's end allows a retry."""
    return status >= 500 and status != 503
