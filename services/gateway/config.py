"""The gateway's configuration."""

from pathlib import Path

import msgspec

from services.chassis.config import ServiceSettings

DOCUMENTS = Path(__file__).parents[2] / "docs" / "api"
"""Where the composed documents are committed."""


class RateSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits in the notation of the library ``limits``.

    ``credential`` is for what comes with a good credential, ``open`` for routes that anybody may call (log-in) and
    ``failures`` for credentials that are not good; the last two count by client address.
    """

    credential: str = "6000/minute"
    open: str = "30/minute"
    failures: str = "30/minute"


class StreamSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Streams and WebSockets: how often their permission is asked for again, and how many one credential may have."""

    recheck_seconds: float = 30.0
    per_credential: int = 100


class IdempotencySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long an answer is kept, and the largest one that is."""

    keep_hours: float = 24.0
    answer_bytes: int = 1_000_000


class Settings(ServiceSettings, frozen=True, kw_only=True):
    """``listen.port`` is the public listener's.

    ``identity_keys`` are identity's public keys (PEM), new one first; ``trusted_proxies`` the networks whose
    ``X-Forwarded-For`` is believed; ``api_token_seconds`` how long a verified API token is remembered, at most.
    """

    operator_port: int
    identity_keys: tuple[str, ...]
    documents: str = str(DOCUMENTS)
    trusted_proxies: tuple[str, ...] = ()
    api_token_seconds: float = 30.0
    rates: RateSettings = RateSettings()
    streams: StreamSettings = StreamSettings()
    idempotency: IdempotencySettings = IdempotencySettings()
