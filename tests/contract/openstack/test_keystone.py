"""Keystone, as chassis/cloud logs in and as identity makes projects and users."""

import asyncio
import time

import pytest
from openstack.exceptions import ConflictException

from services.chassis.cloud import CloudThreads
from services.identity.adapters.keystone import CloudDirectory
from services.identity.config import CloudSettings
from tests.contract.openstack.api import Api
from tests.contract.openstack.cloud import Cloud
from tests.contract.openstack.stage import NAME, PASSWORD, Stage, until
from tests.contract.openstack.witness import Witness


def password_log_in(user: str, password: str, scope: object = None) -> dict[str, object]:
    """The body of a log-in by user id."""
    identity = {"methods": ["password"], "password": {"user": {"id": user, "password": password}}}
    return {"auth": {"identity": identity} | ({"scope": scope} if scope else {})}


def log_in(api: Api, body: object) -> object:
    return api.post("identity", "/auth/tokens", body, anonymous=True)


def test_a_log_in_tells_roles_catalogue_and_expiry(member: Api, stage: Stage, witness: Witness) -> None:
    scope = {"project": {"id": stage.project_id}}
    answer = log_in(member, password_log_in(stage.user_id, PASSWORD, scope))
    assert answer.headers["X-Subject-Token"]
    token = witness.see("keystone/token", answer)["token"]
    assert {"member", "reader"} <= {role["name"] for role in token["roles"]}
    assert {service["type"] for service in token["catalog"]} >= {
        "identity", "orchestration", "compute", "network", "image", "placement", "baremetal",
    }  # fmt: skip


def test_a_system_log_in_tells_its_scope(system: Api, cloud: Cloud, witness: Witness) -> None:
    login = cloud.login("system")
    user = {"name": login["username"], "password": login["password"], "domain": {"id": "default"}}
    identity = {"methods": ["password"], "password": {"user": user}}
    body = {"auth": {"identity": identity, "scope": {"system": {"all": True}}}}
    witness.see("keystone/token-system", log_in(system, body), exact=["name"])


@pytest.mark.parametrize(
    ("case", "user", "password", "project"),
    [
        ("wrong-password", None, "wrong", None),
        ("nobody", "0" * 32, PASSWORD, None),
        ("foreign-project", None, PASSWORD, "0" * 32),
    ],
)
def test_a_refused_log_in_says_the_same_whatever_is_wrong(
    member: Api, stage: Stage, witness: Witness, case: str, user: str | None, password: str, project: str | None
) -> None:
    scope = {"project": {"id": project or stage.project_id}}
    answer = log_in(member, password_log_in(user or stage.user_id, password, scope))
    assert answer.status == 401
    witness.see(f"keystone/refused-{case}", answer)


@pytest.mark.parametrize(
    ("service", "path"),
    [
        ("identity", "/projects"),
        ("orchestration", "/stacks"),
        ("compute", "/servers"),
        ("network", "/v2.0/ports"),
        ("image", "/v2/images"),
        ("placement", "/resource_providers"),
        ("baremetal", "/v1/nodes"),
    ],
)
def test_a_token_that_is_not_good_is_a_401_of_each_service(
    admin: Api, witness: Witness, service: str, path: str
) -> None:
    for case, headers in (("none", {}), ("bad", {"X-Auth-Token": "gAAAAA-not-a-token"})):
        answer = admin.get(service, path, anonymous=True, headers=headers)
        assert answer.status == 401
        witness.see(f"keystone/{case}-{service}", answer)
        if service != "identity":
            assert answer.headers["WWW-Authenticate"].startswith("Keystone uri=")


def test_a_token_that_was_revoked_is_refused_everywhere_at_once(admin: Api, stage: Stage, member: Api) -> None:
    scope = {"project": {"id": stage.project_id}}
    token = log_in(member, password_log_in(stage.user_id, PASSWORD, scope)).headers["X-Subject-Token"]
    own = {"X-Auth-Token": token}
    assert admin.get("compute", "/servers", anonymous=True, headers=own).status == 200
    gone = admin.delete("identity", "/auth/tokens", anonymous=True, headers=own | {"X-Subject-Token": token})
    assert gone.status == 204
    assert admin.get("identity", "/auth/tokens", headers={"X-Subject-Token": token}).status == 404
    assert admin.get("identity", "/projects", anonymous=True, headers=own).status == 401


def test_projects_users_and_roles(admin: Api, stage: Stage, witness: Witness) -> None:
    found = witness.see("keystone/projects-by-name", admin.get("identity", f"/projects?name={NAME}&domain_id=default"))
    assert [project["id"] for project in found["projects"]] == [stage.project_id]
    found = witness.see("keystone/users-by-name", admin.get("identity", f"/users?name={NAME}&domain_id=default"))
    assert [user["id"] for user in found["users"]] == [stage.user_id]
    roles = witness.see("keystone/roles", admin.get("identity", "/roles"))["roles"]
    assert {role["name"] for role in roles} >= {"admin", "member", "reader", "heat_stack_owner"}
    path = f"/role_assignments?user.id={stage.user_id}"
    witness.see("keystone/role-assignments", admin.get("identity", path))


def test_a_name_is_free_once(admin: Api, witness: Witness) -> None:
    project = {"project": {"name": NAME, "domain_id": "default"}}
    witness.see("keystone/project-exists", admin.post("identity", "/projects", project))
    user = {"user": {"name": NAME, "domain_id": "default", "password": "x"}}
    witness.see("keystone/user-exists", admin.post("identity", "/users", user))


def test_what_is_not_there_is_a_404(admin: Api, witness: Witness) -> None:
    for noun in ("projects", "users", "roles"):
        witness.see(f"keystone/missing-{noun}", admin.get("identity", f"/{noun}/{'0' * 32}"))


def test_a_member_manages_nobody(member: Api, witness: Witness) -> None:
    for noun in ("projects", "users"):
        witness.see(f"keystone/forbidden-{noun}", member.get("identity", f"/{noun}"))


async def test_identitys_directory_finds_what_it_made(cloud: Cloud, threads: CloudThreads, stage: Stage) -> None:
    settings = CloudSettings(region=cloud.region, auth=cloud.login("admin"))
    directory = CloudDirectory(cloud.name, settings, threads)
    again = await asyncio.gather(*(directory.ensure(NAME, "Contract suite", PASSWORD) for _ in range(2)))
    assert {(made.project_id, made.user_id) for made in again} == {(stage.project_id, stage.user_id)}


def test_openstacksdk_calls_a_used_name_a_conflict(cloud: Cloud) -> None:
    identity = cloud.connect(cloud.access("admin")).identity
    with pytest.raises(ConflictException):
        identity.create_project(name=NAME, domain_id="default")


def test_a_new_password_kills_tokens_of_that_second_and_before(admin: Api, cloud: Cloud) -> None:
    """Fernet tokens carry whole seconds: identity waits for the next one after it has set a password."""
    name = f"{NAME}-second"
    body = {"user": {"name": name, "domain_id": "default", "password": "first"}}
    user = admin.post("identity", "/users", body).of(201)["user"]["id"]
    try:
        until(lambda: _log_in_in_the_second_of_a_change(admin, user) == 404, 60, "a log-in in the same second")
        until(lambda: _log_in_in_the_second_of_a_change(admin, user, wait=1.1) == 200, 60, "a log-in a second later")
    finally:
        admin.delete("identity", f"/users/{user}").of(204)


def _log_in_in_the_second_of_a_change(admin: Api, user: str, wait: float = 0.0) -> int | None:
    """The status of looking at a token got after a change of password; None if a second had begun in between."""
    admin.patch("identity", f"/users/{user}", {"user": {"password": "second"}}).of(200)
    changed = int(time.time())
    time.sleep(wait)
    token = log_in(admin, password_log_in(user, "second")).headers["X-Subject-Token"]
    seen = admin.get("identity", "/auth/tokens", headers={"X-Subject-Token": token}).status
    return seen if wait or int(time.time()) == changed else None
