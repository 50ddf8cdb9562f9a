"""Log in, log out, suspend, restore."""

import time

import pytest

from services.chassis.auth.contact import LOG_IN_SECONDS
from services.chassis.errors import Unavailable
from services.identity.domain.passwords import NOBODYS_PASSWORD, Passwords
from services.identity.tests.platform import PASSWORD, Platform


async def test_a_person_logs_in_and_sees_who_they_are(platform: Platform) -> None:
    user = await platform.add_user("Ada@Example.org")
    answer = await platform.log_in("ada@example.ORG")
    assert answer.status_code == 201 and answer.headers["Cache-Control"] == "no-store"
    me = await platform.ask("GET", "/v1/me", answer.json()["token"])
    assert me.json()["id"] == user and me.json()["email"] == "ada@example.org"
    assert "password" not in me.text


async def test_wrong_password_unknown_address_and_suspension_look_alike(platform: Platform) -> None:
    await platform.add_user("ada@example.org")
    suspended = await platform.add_user("sus@example.org")
    headers = platform.operator()
    await platform.identity.client.patch(f"/v1/users/{suspended}", json={"state": "suspended"}, headers=headers)
    answers = [
        await platform.log_in("ada@example.org", "wrong"),
        await platform.log_in("nobody@example.org", "wrong"),
        await platform.log_in("sus@example.org", PASSWORD),
    ]
    assert {answer.status_code for answer in answers} == {401}
    bodies = [{**answer.json(), "request_id": None} for answer in answers]
    assert bodies[0] == bodies[1] == bodies[2]


async def test_who_is_unknown_is_checked_against_a_hash_that_lets_nobody_in() -> None:
    passwords = Passwords(threads=1)
    try:
        assert not await passwords.check(None, NOBODYS_PASSWORD)
        assert await passwords.check(await passwords.hash(NOBODYS_PASSWORD), NOBODYS_PASSWORD)
    finally:
        passwords.close()


async def test_a_log_out_ends_the_session_and_no_other(platform: Platform) -> None:
    await platform.add_user("ada@example.org")
    first, second = await platform.session("ada@example.org"), await platform.session("ada@example.org")
    assert (await platform.ask("DELETE", "/v1/sessions/current", first)).status_code == 204
    assert (await platform.exchange(first)).status_code == 401
    assert (await platform.ask("GET", "/v1/me", second)).status_code == 200
    assert (await platform.ask("GET", "/v1/me", await platform.session("ada@example.org"))).status_code == 200


async def test_suspension_ends_everything_at_once_and_restoring_lets_log_in_again(platform: Platform) -> None:
    user = await platform.add_user("ada@example.org")
    session = await platform.session("ada@example.org")
    client, headers = platform.identity.client, platform.operator()
    answer = await client.patch(f"/v1/users/{user}", json={"state": "suspended"}, headers=headers)
    assert answer.json()["state"] == "suspended"
    assert (await platform.exchange(session)).status_code == 401
    await client.patch(f"/v1/users/{user}", json={"state": "active"}, headers=headers)
    assert (await platform.exchange(session)).status_code == 401
    assert (await platform.ask("GET", "/v1/me", await platform.session("ada@example.org"))).status_code == 200


async def test_a_password_is_changed_for_the_old_one_and_ends_sessions(platform: Platform) -> None:
    await platform.add_user("ada@example.org")
    session = await platform.session("ada@example.org")
    body = {"old_password": "not this one", "new_password": "another long one"}
    assert (await platform.ask("PUT", "/v1/me/password", session, json=body)).status_code == 401
    body["old_password"] = PASSWORD
    assert (await platform.ask("PUT", "/v1/me/password", session, json=body)).status_code == 204
    assert (await platform.exchange(session)).status_code == 401
    assert (await platform.log_in("ada@example.org")).status_code == 401
    assert (await platform.log_in("ada@example.org", "another long one")).status_code == 201


async def test_all_that_is_wrong_with_a_new_person_is_said_at_once(platform: Platform) -> None:
    body = {"email": "no address", "name": "", "password": "short", "rank": 1}
    answer = await platform.identity.client.post("/v1/users", json=body, headers=platform.operator())
    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == {"", "/email", "/name", "/password"}
    assert (await platform.identity.client.get("/v1/users", headers=platform.operator())).json()["items"] == []


async def test_an_address_is_taken_once(platform: Platform) -> None:
    await platform.add_user("ada@example.org")
    body = {"email": "ADA@example.org", "name": "Ada", "password": PASSWORD}
    answer = await platform.identity.client.post("/v1/users", json=body, headers=platform.operator())
    assert answer.status_code == 409 and answer.json()["code"] == "already-exists"


@pytest.mark.parametrize("role", ["manager", "emperor"])
async def test_only_platform_roles_are_given_on_the_platform(platform: Platform, role: str) -> None:
    body = {"email": "a@b.c", "name": "A", "password": PASSWORD, "platform_role": role}
    answer = await platform.identity.client.post("/v1/users", json=body, headers=platform.operator())
    assert answer.status_code == 422 and answer.json()["errors"][0]["pointer"] == "/platform_role"


async def test_an_operator_is_one_from_the_first_log_in(platform: Platform) -> None:
    await platform.add_user("ops@example.org", platform_role="admin")
    session = await platform.session("ops@example.org")
    assert (await platform.ask("GET", "/v1/users", session)).status_code == 200
    await platform.add_user("ada@example.org")
    refused = await platform.ask("GET", "/v1/users", await platform.session("ada@example.org"))
    assert refused.status_code == 403 and "user.manage" in refused.json()["detail"]


async def test_nobody_logs_in_when_authz_is_away_for_more_than_a_minute(platform: Platform) -> None:
    await platform.add_user("ada@example.org")
    process = platform.identity.process
    process.authz.noted(Unavailable("authz can't be reached."))
    assert (await platform.log_in("ada@example.org")).status_code == 201
    process.revocations.heard_at = time.time() - LOG_IN_SECONDS - 1
    process.authz.noted(Unavailable("authz can't be reached."))
    answer = await platform.log_in("ada@example.org")
    assert answer.status_code == 503 and "token" not in answer.json()
    process.authz.noted(None)
    assert (await platform.log_in("ada@example.org")).status_code == 201
