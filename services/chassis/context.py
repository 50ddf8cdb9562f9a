"""The process context: the singletons that every service has, made once and closed once."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
from httpx_aiohttp import AiohttpTransport

from services.chassis.auth.contact import AuthzContact
from services.chassis.auth.credentials import Credentials, ExchangedPass
from services.chassis.auth.keys import ServiceKey, load_public_key
from services.chassis.auth.revocation import Revocations
from services.chassis.auth.verify import Verifier
from services.chassis.bus import Bus
from services.chassis.config import ConfigurationError, ServiceSettings
from services.chassis.db import Database
from services.chassis.http.client import ServiceClient
from services.chassis.metrics import ServiceMetrics

_EXCHANGE_SECONDS = 10.0
_LOOK_SECONDS = 2.0

Check = Callable[[], Awaitable[str | None]]
"""A readiness check: None when fine, else a sentence that says what is not."""


class TokenAnswer(msgspec.Struct, frozen=True):
    """What authz's exchange answers (RFC 8693, section 2.2.1; ``expires_in`` in seconds)."""

    access_token: str
    expires_in: float


class TokenRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the exchange takes: for which audience, and the token to exchange (none: for the service itself)."""

    audience: str
    subject_token: str | None = None


@dataclass
class Process:
    """Everything of a running process that is not a service's own. ``checks`` are asked by ``/readyz``."""

    service: str
    settings: ServiceSettings
    key: ServiceKey
    verifier: Verifier
    revocations: Revocations
    metrics: ServiceMetrics
    transport: httpx.AsyncBaseTransport
    db: Database | None = None
    bus: Bus | None = None
    checks: dict[str, Check] = field(default_factory=dict)
    key_owner: Callable[[str], str | None] | None = None
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    credentials: Credentials = field(init=False)
    authz: AuthzContact = field(init=False)
    _clients: dict[str, ServiceClient] = field(default_factory=dict)

    def __post_init__(self) -> None:
        look = self._look_at_authz if "authz" in self.settings.services else None
        self.authz = AuthzContact(self.revocations, look)
        self.credentials = Credentials(self.key, self.exchange, self.authz)

    @property
    def database(self) -> Database:
        """The service's database; raises ConfigurationError where none is configured."""
        if self.db is None:
            raise ConfigurationError(f"{self.service} needs database: in its configuration.")
        return self.db

    @property
    def events(self) -> Bus:
        """The bus; raises ConfigurationError where none is configured."""
        if self.bus is None:
            raise ConfigurationError(f"{self.service} needs bus: in its configuration.")
        return self.bus

    def client(self, service: str) -> ServiceClient:
        """Return the client of a sibling service, whose address is under ``services:`` in the configuration."""
        if service not in self._clients:
            url = self.settings.services.get(service)
            if url is None:
                raise ConfigurationError(f"{self.service} needs services.{service}: (an address) in its configuration.")
            self._clients[service] = ServiceClient(service, url, self.credentials, self.transport)
        return self._clients[service]

    async def exchange(self, subject_token: str | None, audience: str) -> ExchangedPass:
        """Ask authz for a pass for ``audience``, from a token this service was called with, or for itself."""
        asked = time.time()
        body = msgspec.json.encode(TokenRequest(audience, subject_token))
        headers = self.credentials.proof_headers("authz")
        answer = await self.client("authz").send(
            "POST", "/internal/token", headers, body, limit_seconds=_EXCHANGE_SECONDS, repeatable=True
        )
        token = msgspec.json.decode(answer.body, type=TokenAnswer)
        return ExchangedPass(token.access_token, asked + token.expires_in)

    async def _look_at_authz(self) -> None:
        headers, query = self.credentials.proof_headers("authz"), {"since": self.revocations.last_number}
        await self.client("authz").send(
            "GET", "/internal/revocations", headers, query=query, limit_seconds=_LOOK_SECONDS
        )

    async def close(self) -> None:
        """Close what was opened, the last first."""
        if self.bus:
            await self.bus.stop()
        if self.db:
            await self.db.close()
        await self.transport.aclose()


@asynccontextmanager
async def process_of(service: str, settings: ServiceSettings) -> AsyncIterator[Process]:
    """Open the process context of ``service``; raises ConfigurationError for keys that can't be read."""
    revocations = Revocations()
    key, issuers = _read_keys(service, settings)
    process = Process(
        service=service,
        settings=settings,
        key=key,
        verifier=Verifier(service, issuers, revocations),
        revocations=revocations,
        metrics=ServiceMetrics(service),
        transport=AiohttpTransport(),
        db=Database(settings.database, service=service) if settings.database else None,
        bus=Bus(settings.bus, service=service) if settings.bus else None,
    )
    try:
        if process.bus:
            await process.bus.start()
        yield process
    finally:
        await process.close()


def _read_keys(service: str, settings: ServiceSettings) -> tuple[ServiceKey, list[Any]]:
    try:
        key = ServiceKey.from_file(service, Path(settings.auth.key_file))
        return key, [load_public_key(pem) for pem in settings.auth.issuer_keys]
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"auth: the keys of {service} can't be read: {error}") from error
