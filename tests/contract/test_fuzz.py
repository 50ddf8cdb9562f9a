"""No request, however made up, is answered with a failure of ours: blueprint and identity under a seeded rain."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from services.blueprint.config import CatalogueSettings
from services.blueprint.main import SERVICE as BLUEPRINT
from services.blueprint.schema import SCHEMA as BLUEPRINT_SCHEMA
from services.chassis.openapi import document_of
from services.chassis.service import Service
from services.chassis.testing.app import RunningService, running
from services.chassis.testing.authority import Authority
from services.contracts.permissions import EVERYBODY, ROLES
from services.identity.main import SERVICE as IDENTITY
from services.identity.schema import SCHEMA as IDENTITY_SCHEMA
from tests.contract.fuzz import Fuzz, Request
from tests.support.servers import FreshDatabase
from tests.support.siblings import running_authz, running_secrets

ROOT = Path(__file__).parents[2]
SEED = 20260727
EACH = 25
SECONDS = 30.0


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "keys")


@pytest.fixture
async def blueprint(
    authority: Authority, fresh_database: FreshDatabase, identity: RunningService
) -> AsyncIterator[RunningService]:
    catalogue = CatalogueSettings(str(ROOT / "blueprints"), str(ROOT / "elements"))
    services = {"identity": identity.url, "authz": identity.process.settings.services["authz"]}
    database = await fresh_database(BLUEPRINT_SCHEMA)
    async with running(BLUEPRINT, authority, database=database, catalogue=catalogue, services=services) as one:
        yield one


@pytest.fixture
async def identity(
    authority: Authority, fresh_database: FreshDatabase, tmp_path: Path
) -> AsyncIterator[RunningService]:
    async with (
        running_authz(authority, fresh_database) as authz,
        running_secrets(authority, fresh_database, tmp_path, authz.url) as secrets,
    ):
        services = {"authz": authz.url, "secrets": secrets.url}
        database = await fresh_database(IDENTITY_SCHEMA)
        async with running(IDENTITY, authority, database=database, services=services) as one:
            yield one


async def test_blueprint_stands_any_request(blueprint: RunningService, authority: Authority) -> None:
    known = {"name": ["slurm", "small", "munge"], "version": ["1.0.0"]}
    await rain(BLUEPRINT, blueprint, authority, Fuzz(_document(BLUEPRINT), known, SEED))


async def test_identity_stands_any_request(identity: RunningService, authority: Authority) -> None:
    operator = {
        **authority.pass_for("usr_root", "identity", platform=sorted(ROLES["admin"].permissions | EVERYBODY)),
        "Idempotency-Key": "first",
    }
    client = identity.client
    person = {"email": "ada@example.org", "name": "Ada", "password": "correct horse battery"}
    user = (await client.post("/v1/users", json=person, headers=operator)).json()["id"]
    await client.post("/v1/organisations", json={"name": "acme"}, headers=operator)
    body = {"organisation": "acme", "name": "tests"}
    project = (await client.post("/v1/projects", json=body, headers=operator)).json()["id"]
    known = {"project_id": [project], "user_id": [user, "ada@example.org"]}
    await rain(IDENTITY, identity, authority, Fuzz(_document(IDENTITY), known, SEED), user, project)


def _document(service: Service) -> dict:
    return json.loads(json.dumps(document_of(service.name, service.summary, service.tables)))


async def rain(
    service: Service, one: RunningService, authority: Authority, fuzz: Fuzz, user: str = "usr_a", project: str = "prj_a"
) -> None:
    """Send it all, four at a time; stop at the limit of seconds."""
    held = sorted(ROLES["manager"].permissions)
    headers = {
        **authority.pass_for(user, service.name, projects={project: held}, platform=sorted(EVERYBODY), seconds=300),
        "Idempotency-Key": "rain",
    }
    end, requests, answers = time.monotonic() + SECONDS, fuzz.requests(EACH), []

    async def drops() -> None:
        for request in requests:
            headers.update(authority.proof_for(service.name, service="gateway"))
            answers.append((request, await _sent(one.client, request, headers)))
            if time.monotonic() > end:
                return

    await asyncio.gather(*(drops() for _ in range(4)))
    met = Counter(answer.status_code for _request, answer in answers)
    assert met[422] and met[404] and met.keys() & {200, 201, 204}, met
    assert met[401] < len(answers) / 2, met
    assert list(_wrong(answers)) == []


async def _sent(client: httpx.AsyncClient, request: Request, headers: dict[str, str]) -> httpx.Response:
    content = request.body if isinstance(request.body, bytes) else json.dumps(request.body).encode()
    body = {"content": content} if request.method in ("POST", "PUT", "PATCH") else {}
    return await client.request(request.method, request.path, params=request.query, headers=headers, **body)


def _wrong(answers: list[tuple[Request, httpx.Response]]) -> Iterator[str]:
    for request, answer in answers:
        problem = answer.headers.get("content-type") == "application/problem+json"
        if answer.status_code >= 500 or (answer.status_code >= 400 and not problem):
            yield f"{answer.status_code} {request} {answer.text[:200]}"
