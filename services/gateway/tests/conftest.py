"""A small platform: the gateway before a service, with the real authz."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from services.authz.config import KnownService
from services.authz.main import SERVICE as AUTHZ
from services.authz.schema import SCHEMA as AUTHZ_SCHEMA
from services.chassis.bus import BusSettings
from services.chassis.openapi import document_of
from services.chassis.testing.app import RunningService, free_port, running
from services.chassis.testing.authority import Authority
from services.gateway.domain.compose import compose
from services.gateway.main import SERVICE as GATEWAY
from services.gateway.schema import SCHEMA
from services.gateway.tests import echo, people
from tests.support.broker import delete_queues
from tests.support.link import Link, linked
from tests.support.servers import FreshDatabase

_SERVICES = ("authz", "identity", "cluster", "gateway")
_QUEUES = ("authz.audit",)


@dataclass
class Platform:
    """``client`` speaks to the public listener, ``operators`` to the other; all reach authz by ``way_to_authz``."""

    authority: Authority
    authz: RunningService
    people: people.People
    echo: echo.Echo
    gateway: RunningService
    way_to_authz: Link
    operators: httpx.AsyncClient

    @property
    def client(self) -> httpx.AsyncClient:
        return self.gateway.client

    async def bind(self, subject: str, role: str, project: str | None) -> None:
        """Give a role as identity does."""
        body = {"subject": subject, "role": role, "project_id": project}
        headers = self.authority.proof_for("authz", service="identity")
        answer = await self.authz.client.put("/internal/bindings", json=body, headers=headers)
        assert answer.status_code == 204, answer.text

    async def unbind(self, subject: str, project: str) -> None:
        """Take a role."""
        headers = self.authority.proof_for("authz", service="identity")
        query = {"subject": subject, "project_id": project}
        answer = await self.authz.client.delete("/internal/bindings", params=query, headers=headers)
        assert answer.status_code == 204, answer.text

    async def revoke(self, kind: str, value: str) -> None:
        """Revoke as identity does at a log-out."""
        body = {"kind": kind, "value": value, "reason": "test"}
        headers = self.authority.proof_for("authz", service="identity")
        answer = await self.authz.client.post("/internal/revocations", json=body, headers=headers)
        assert answer.status_code < 300, answer.text

    def session(self, subject: str = "usr_ann", **claims: Any) -> dict[str, str]:
        """Return the header of a logged-in person."""
        return {"Authorization": f"Bearer {self.people.session(subject, **claims)}"}


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """A folder with the documents of the echo service."""
    for name, document in compose([document_of("cluster", "An echo.", (echo.routes,))]).items():
        (tmp_path / f"{name}.json").write_bytes(msgspec.json.encode(document))
    return tmp_path


@asynccontextmanager
async def _started(
    fresh_database: FreshDatabase, documents: Path, bus: dict[str, Any], gateway_settings: dict[str, Any]
) -> AsyncIterator[Platform]:
    authority = Authority(documents / "keys")
    manifest = {name: KnownService((authority.key(name).public_pem,)) for name in _SERVICES}
    async with AsyncExitStack() as stack:
        authz = await stack.enter_async_context(
            running(AUTHZ, authority, work=True, database=await fresh_database(AUTHZ_SCHEMA), manifest=manifest, **bus)
        )
        way_to_authz = await stack.enter_async_context(linked(authz.url))
        siblings = {"authz": way_to_authz.url}
        identity = await stack.enter_async_context(running(people.SERVICE, authority, services=siblings, **bus))
        cluster = await stack.enter_async_context(running(echo.SERVICE, authority, services=siblings, **bus))
        operator_port = free_port()
        gateway = await stack.enter_async_context(
            running(
                GATEWAY,
                authority,
                services={**siblings, "identity": identity.url, "cluster": cluster.url},
                database=await fresh_database(SCHEMA),
                documents=str(documents),
                operator_port=operator_port,
                identity_keys=(authority.key("identity").public_pem,),
                **bus,
                **gateway_settings,
            )
        )
        operators = await stack.enter_async_context(httpx.AsyncClient(base_url=f"http://127.0.0.1:{operator_port}"))
        yield Platform(authority, authz, identity.context, cluster.context, gateway, way_to_authz, operators)


@pytest.fixture
def gateway_settings() -> dict[str, Any]:
    """What a test module wants to set of the gateway's own configuration."""
    return {}


@pytest.fixture
async def platform(
    fresh_database: FreshDatabase, documents: Path, gateway_settings: dict[str, Any]
) -> AsyncIterator[Platform]:
    """The platform without a bus: revocations come by pull."""
    async with _started(fresh_database, documents, {}, gateway_settings) as platform:
        await platform.bind("usr_ann", "member", "prj_a")
        yield platform


@pytest.fixture
async def platform_with_bus(
    fresh_database: FreshDatabase, documents: Path, gateway_settings: dict[str, Any], amqp_url: str
) -> AsyncIterator[Platform]:
    """The platform with a bus of its own exchange."""
    bus = {"bus": BusSettings(url=amqp_url, exchange=f"test.{documents.name}")}
    await delete_queues(amqp_url, *_QUEUES)
    async with _started(fresh_database, documents, bus, gateway_settings) as platform:
        await platform.bind("usr_ann", "member", "prj_a")
        yield platform
    await delete_queues(amqp_url, *_QUEUES)
