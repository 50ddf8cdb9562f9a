"""The gateway's own singletons, and what assembles them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from services.chassis.auth.keys import load_public_key
from services.chassis.bus import Event
from services.chassis.config import ConfigurationError
from services.chassis.context import Process
from services.gateway.adapters.api_tokens import PREFIX, ApiTokens
from services.gateway.adapters.passes import Passes
from services.gateway.adapters.rates import Rates
from services.gateway.adapters.upstream import Upstream
from services.gateway.config import Settings
from services.gateway.domain.addresses import ClientAddress
from services.gateway.domain.grants import Pass
from services.gateway.domain.sessions import Credential, Sessions
from services.gateway.domain.streams import Streams
from services.gateway.storage.idempotency import IdempotencyStore

_LEASE_MARGIN_SECONDS = 5.0
_LISTENERS = ("public", "operator")


@dataclass(frozen=True)
class Gateway:
    """What both listeners share. ``documents`` holds the composed OpenAPI document of each."""

    process: Process
    settings: Settings
    documents: dict[str, dict[str, Any]]
    sessions: Sessions
    tokens: ApiTokens
    passes: Passes
    rates: Rates
    streams: Streams
    addresses: ClientAddress
    store: IdempotencyStore
    upstream: Upstream

    async def authenticate(self, presented: str, *, reading: bool = False) -> Credential:
        """Return whose API token or session token was presented; raises NotAuthenticated."""
        if presented.startswith(PREFIX):
            return await self.tokens.credential(presented, reading=reading)
        return self.sessions.credential(presented)

    def remembers(self, presented: str) -> bool:
        """Tell whether this credential was found good not long ago, so that a look costs nothing."""
        return self.tokens.remembers(presented) or self.sessions.remembers(presented)

    async def hear_bindings(self) -> None:
        """Let a changed role be seen by the next request, rather than when the pass ends."""
        if self.process.bus:
            await self.process.bus.subscribe(["authz.#"], self._heard)

    async def _heard(self, event: Event) -> None:
        self.passes.forget(str(event.data.get("subject", event.subject)))


@asynccontextmanager
async def open_gateway(process: Process) -> AsyncIterator[Gateway]:
    """Assemble the gateway of one process; raises ConfigurationError for keys or documents that can't be read."""
    settings = process.settings
    assert isinstance(settings, Settings)
    sessions = _sessions(process, settings)
    identity, contact = process.client("identity"), process.authz
    tokens = ApiTokens(identity, sessions, process.revocations, contact, settings.api_token_seconds)
    passes = Passes(process.exchange, contact)

    async def renew(credential: Credential, audience: str, taken_after: float) -> tuple[Credential, Pass]:
        current = await gateway.authenticate(credential.presented, reading=True)
        return current, await passes.get(current, audience, taken_after=taken_after)

    gateway = Gateway(
        process=process,
        settings=settings,
        documents={name: _document(Path(settings.documents) / f"{name}.json") for name in _LISTENERS},
        sessions=sessions,
        tokens=tokens,
        passes=passes,
        rates=Rates(settings.rates),
        streams=Streams(settings.streams, renew),
        addresses=ClientAddress(settings.trusted_proxies),
        store=_store(process, settings),
        upstream=Upstream(settings.services, process.key),
    )
    process.revocations.watch(gateway.passes.revoked)
    process.revocations.watch(gateway.streams.revoked)
    try:
        yield gateway
    finally:
        await gateway.upstream.close()


def _sessions(process: Process, settings: Settings) -> Sessions:
    try:
        return Sessions([load_public_key(pem) for pem in settings.identity_keys], process.revocations)
    except ValueError as error:
        raise ConfigurationError(f"identity_keys: {error}") from error


def _store(process: Process, settings: Settings) -> IdempotencyStore:
    return IdempotencyStore(
        process.database,
        lease_seconds=settings.limits.request_seconds + _LEASE_MARGIN_SECONDS,
        keep_hours=settings.idempotency.keep_hours,
    )


def _document(path: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = msgspec.json.decode(path.read_bytes())
        return document
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigurationError(f"documents: {path} can't be read: {error}") from error
