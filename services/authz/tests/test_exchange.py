"""The exchange of tokens: who gets which pass, and who gets none."""

import pytest

from services.authz.tests.asking import Asking
from services.chassis.errors import NotAuthenticated
from services.contracts.permissions import ROLES


async def test_a_session_becomes_a_pass_with_the_audiences_permissions_only(asking: Asking) -> None:
    await asking.bind("usr_1", "member", "prj_a")
    await asking.bind("usr_1", "viewer", "prj_b")
    caller = asking.read(
        await asking.token("gateway", "cluster", asking.session("usr_1")), "cluster", service="gateway"
    )
    assert caller.subject == "usr_1" and caller.chain == ("gateway",) and caller.credential_id == "ses_1"
    assert "cluster.create" in caller.projects["prj_a"] and "cluster.create" not in caller.projects["prj_b"]
    assert "blueprint.read" not in caller.projects["prj_a"] and not caller.platform


async def test_everybody_may_manage_their_account(asking: Asking) -> None:
    caller = asking.read(await asking.token("gateway", "identity", asking.session("usr_9")), "identity", "gateway")
    assert caller.platform == {"account.self", "account.read"} and caller.projects == {}


async def test_a_grant_is_seen_by_the_next_request_and_so_is_its_end(asking: Asking) -> None:
    session = asking.session("usr_1")
    assert asking.read(await asking.token("gateway", "cluster", session), "cluster", "gateway").projects == {}
    await asking.bind("usr_1", "member", "prj_a")
    await asking.bind("usr_2", "manager", "prj_a")
    assert "prj_a" in asking.read(await asking.token("gateway", "cluster", session), "cluster", "gateway").projects
    answer = await asking.delete("identity", "/internal/bindings", subject="usr_1", project_id="prj_a")
    assert answer.status_code == 204
    assert asking.read(await asking.token("gateway", "cluster", session), "cluster", "gateway").projects == {}


async def test_a_pass_is_exchanged_for_one_with_a_longer_chain(asking: Asking) -> None:
    await asking.bind("usr_1", "member", "prj_a")
    first = await asking.token("gateway", "cluster", asking.session("usr_1"))
    second = asking.read(await asking.token("cluster", "node", first), "node", service="cluster")
    assert second.chain == ("gateway", "cluster") and second.projects == {"prj_a": {"capacity.read"}}


async def test_a_stolen_pass_is_of_no_use_to_another_service(asking: Asking) -> None:
    token = await asking.token("gateway", "cluster", asking.session("usr_1"))
    assert (await asking.exchange("node", "authz", token)).status_code == 401
    with pytest.raises(NotAuthenticated, match="another service's key"):
        asking.read(token, "cluster", service="runner")


async def test_only_what_the_dictionary_lets_call_gets_a_pass(asking: Asking) -> None:
    answer = await asking.exchange("blueprint", "secrets")
    assert answer.status_code == 403 and answer.json()["code"] == "may-not-call"
    assert (await asking.exchange("gateway", "secrets", asking.session("usr_1"))).json()["code"] == "may-not-call"


async def test_sessions_are_taken_from_doors_only(asking: Asking) -> None:
    assert (await asking.exchange("cluster", "node", asking.session("usr_1"))).status_code == 403


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c"])
async def test_what_is_no_token_is_refused(asking: Asking, token: str) -> None:
    assert (await asking.exchange("gateway", "cluster", token)).status_code == 401


async def test_a_session_that_identity_did_not_sign_is_refused(asking: Asking) -> None:
    claims = {"iss": "identity", "sub": "usr_1", "sid": "s", "iat": 1, "exp": 9_999_999_999}
    forged = asking.authority.key("cluster").sign(claims, "session+jwt")
    assert (await asking.exchange("gateway", "cluster", forged)).status_code == 401
    ended = asking.session("usr_1", seconds=-60)
    assert (await asking.exchange("gateway", "cluster", ended)).status_code == 401


async def test_an_unknown_key_is_nobody(asking: Asking) -> None:
    headers = asking.authority.proof_for("authz", service="stranger")
    answer = await asking.client.post("/internal/token", json={"audience": "cluster"}, headers=headers)
    assert answer.status_code == 401


async def test_an_api_token_is_narrowed_at_every_audience(asking: Asking) -> None:
    await asking.bind("usr_1", "manager", "prj_a")
    await asking.bind("usr_1", "manager", "prj_b")
    session = asking.session("usr_1", projects=["prj_a"], role="viewer")
    first = await asking.token("gateway", "cluster", session)
    caller = asking.read(first, "cluster", "gateway")
    assert set(caller.projects) == {"prj_a"} and caller.projects["prj_a"] <= ROLES["viewer"].permissions
    further = asking.read(await asking.token("cluster", "node", first), "node", "cluster")
    assert further.projects == {"prj_a": {"capacity.read"}}
    account = asking.read(await asking.token("gateway", "identity", session), "identity", "gateway")
    assert account.platform == {"account.read"}


async def test_an_operators_token_for_one_project_is_no_longer_an_operators(asking: Asking) -> None:
    await asking.bind("usr_1", "operator")
    wide = asking.read(await asking.token("gateway", "node", asking.session("usr_1")), "node", "gateway")
    assert "node.power" in wide.platform
    session = asking.session("usr_1", projects=["prj_a"])
    narrow = asking.read(await asking.token("gateway", "cluster", session), "cluster", "gateway")
    assert narrow.platform == frozenset() and "cluster.read" in narrow.projects["prj_a"]


async def test_a_service_acts_for_itself_with_what_the_dictionary_gives_it(asking: Asking) -> None:
    caller = asking.read(await asking.token("cluster", "node"), "node", service="cluster")
    assert caller.subject == "svc:cluster" and caller.chain == ("cluster",) and not caller.platform


async def test_fifty_projects_fit_and_fifty_one_are_refused_clearly(asking: Asking) -> None:
    for number in range(51):
        await asking.bind("usr_1", "viewer", f"prj_{number:02}")
    answer = await asking.exchange("gateway", "cluster", asking.session("usr_1"))
    assert answer.status_code == 403 and answer.json()["code"] == "too-many-projects"
    few = asking.session("usr_1", projects=[f"prj_{number:02}" for number in range(50)])
    assert len(asking.read(await asking.token("gateway", "cluster", few), "cluster", "gateway").projects) == 50


async def test_a_suspended_person_gets_no_pass_until_restored_and_logged_in_again(asking: Asking) -> None:
    await asking.bind("usr_1", "member", "prj_a")
    session = asking.session("usr_1")
    held = await asking.token("gateway", "cluster", session)
    answer = await asking.put("identity", "/internal/subjects/usr_1/suspension", {"reason": "unpaid"})
    assert answer.status_code == 204
    assert (await asking.exchange("gateway", "cluster", session)).status_code == 401
    assert (await asking.exchange("cluster", "node", held)).status_code == 401
    fresh = asking.session("usr_1", iat=2_000_000_000, exp=2_000_003_600)
    assert (await asking.exchange("gateway", "cluster", fresh)).json()["code"] == "subject-suspended"
    assert (await asking.delete("identity", "/internal/subjects/usr_1/suspension")).status_code == 204
    assert (await asking.exchange("gateway", "cluster", fresh)).status_code == 200
