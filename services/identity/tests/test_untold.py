"""What authz has to be told while it is away is told when it is back: nobody keeps what was taken from them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.chassis.testing.app import running
from services.chassis.testing.authority import Authority
from services.chassis.testing.waiting import until
from services.identity.main import SERVICE
from services.identity.schema import SCHEMA
from services.identity.tests.platform import PASSWORD, Platform
from tests.support.link import Link, linked
from tests.support.siblings import running_authz, running_secrets

ANN = "ann@example.org"


@pytest.fixture
async def apart(authority: Authority, fresh_database, tmp_path: Path) -> AsyncIterator[tuple[Platform, Link]]:
    """A running identity, and its link to authz."""
    async with (
        running_authz(authority, fresh_database) as authz,
        running_secrets(authority, fresh_database, tmp_path, authz.url) as secrets,
        linked(authz.url) as link,
    ):
        services = {"authz": link.url, "secrets": secrets.url}
        database = await fresh_database(SCHEMA)
        async with running(SERVICE, authority, database=database, services=services) as identity:
            yield Platform(identity, authz, secrets, authority), link


async def set_state(platform: Platform, user_id: str, state: str) -> int:
    path = f"/v1/users/{user_id}"
    answer = await platform.identity.client.patch(path, json={"state": state}, headers=platform.operator())
    return answer.status_code


async def test_a_suspension_bites_at_once_here_and_everywhere_when_authz_is_back(apart: tuple[Platform, Link]) -> None:
    platform, link = apart
    user_id = await platform.add_user(ANN)
    session = await platform.session(ANN)
    await link.cut()
    assert await set_state(platform, user_id, "suspended") == 200
    assert (await platform.log_in(ANN)).status_code == 401
    assert (await platform.exchange(session)).status_code == 200
    await link.mend()
    await until(lambda: refused(platform, session))
    assert await set_state(platform, user_id, "active") == 200
    assert (await platform.exchange(await platform.session(ANN))).status_code == 200


async def test_they_are_told_in_order(apart: tuple[Platform, Link]) -> None:
    platform, link = apart
    user_id = await platform.add_user(ANN)
    session = await platform.session(ANN)
    await link.cut()
    for state in ("suspended", "active", "suspended"):
        assert await set_state(platform, user_id, state) == 200
    await link.mend()
    await until(lambda: refused(platform, session))
    await link.cut()
    assert await set_state(platform, user_id, "active") == 200
    await link.mend()
    assert await set_state(platform, user_id, "active") == 200
    assert (await platform.exchange(await platform.session(ANN))).status_code == 200


async def test_a_log_out_an_ended_token_and_a_new_password_are_kept_too(apart: tuple[Platform, Link]) -> None:
    platform, link = apart
    await platform.add_user(ANN)
    out, other = await platform.session(ANN), await platform.session(ANN)
    made = await platform.ask("POST", "/v1/tokens", other, json={"name": "robot", "expires_in_days": 1})
    robot = (await platform.verify(made.json()["token"])).json()["session_token"]
    headers = {session: await pass_of(platform, session) for session in (out, other)}
    await link.cut()
    client = platform.identity.client
    assert (await client.delete("/v1/sessions/current", headers=headers[out])).status_code == 204
    assert (await client.delete(f"/v1/tokens/{made.json()['id']}", headers=headers[other])).status_code == 204
    await link.mend()
    await until(lambda: refused(platform, out))
    await until(lambda: refused(platform, robot))
    await link.cut()
    words = {"old_password": PASSWORD, "new_password": "battery staple horse"}
    assert (await client.put("/v1/me/password", json=words, headers=headers[other])).status_code == 204
    await link.mend()
    await until(lambda: refused(platform, other))


async def refused(platform: Platform, session: str) -> bool:
    """Tell whether authz gives nothing for a session any more."""
    return (await platform.exchange(session)).status_code == 401


async def pass_of(platform: Platform, session: str) -> dict[str, str]:
    """Return the headers of a request with the pass of a session."""
    token = (await platform.exchange(session)).json()["access_token"]
    return {
        "Authorization": f"Bearer {token}",
        **platform.authority.proof_for("identity", service="gateway"),
        "Idempotency-Key": "test",
    }
