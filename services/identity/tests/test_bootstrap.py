"""The first administrator."""

import asyncio
import time
from pathlib import Path

import pytest

from services.chassis.config import Secret
from services.identity.config import Bootstrap
from services.identity.tests.platform import Platform


@pytest.fixture
def identity_settings(tmp_path: Path) -> dict:
    (tmp_path / "admin-password").write_text("from a file, long\n")
    secret = Secret(file=str(tmp_path / "admin-password"))
    return {"bootstrap": Bootstrap("Root@example.org", "Root", secret)}


async def log_in(platform: Platform) -> str:
    """Wait until the administrator is there and return their session."""
    end = time.monotonic() + 20
    while True:
        answer = await platform.log_in("root@example.org", "from a file, long")
        if answer.status_code == 201:
            return str(answer.json()["token"])
        assert time.monotonic() < end, answer.text
        await asyncio.sleep(0.2)


async def test_the_first_administrator_can_do_everything_from_nothing(platform: Platform) -> None:
    session = await log_in(platform)
    assert (await platform.ask("POST", "/v1/organisations", session, json={"name": "acme"})).status_code == 201
    body = {"organisation": "acme", "name": "mine"}
    project = (await platform.ask("POST", "/v1/projects", session, json=body)).json()["id"]
    body = {"email": "ada@example.org", "name": "Ada", "password": "correct horse battery"}
    assert (await platform.ask("POST", "/v1/users", session, json=body)).status_code == 201
    path = f"/v1/projects/{project}/members/ada@example.org"
    assert (await platform.ask("PUT", path, session, json={"role": "manager"})).status_code == 200


async def test_nobody_is_made_where_somebody_is(platform: Platform) -> None:
    session = await log_in(platform)
    await platform.identity.context.first_administrator.run()
    people = (await platform.ask("GET", "/v1/users", session)).json()["items"]
    assert [one["email"] for one in people] == ["root@example.org"]
