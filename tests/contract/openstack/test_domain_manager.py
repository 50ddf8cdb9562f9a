"""The manager of a domain, as whom identity makes projects and users: what it may in its domain, and nowhere else."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from services.chassis.cloud import CloudAccess, CloudThreads
from services.identity.adapters.keystone import CloudDirectory
from services.identity.config import CloudSettings
from tests.contract.openstack.api import Answer, Api
from tests.contract.openstack.cloud import Cloud
from tests.contract.openstack.stage import NAME, PASSWORD, Stage
from tests.contract.openstack.witness import Witness

ROLES_GIVEN = ("manager", "member", "reader")


@dataclass(frozen=True)
class Manager:
    """The manager of a domain of its own, in which there are one project and one user."""

    api: Api
    access: CloudAccess
    domain_id: str
    project_id: str
    user_id: str
    roles: dict[str, str]

    def grant(self, role: str, project_id: str, user_id: str, method: str = "PUT") -> Answer:
        """Give a role on a project (HEAD: ask for it, DELETE: take it)."""
        return self.api.ask(method, "identity", f"/projects/{project_id}/users/{user_id}/roles/{self.roles[role]}")


@pytest.fixture(scope="module")
def manager(cloud: Cloud, admin: Api) -> Iterator[Manager]:
    name = f"{NAME}-{secrets.token_hex(4)}"
    domain = admin.post("identity", "/domains", {"domain": {"name": name}}).of(201)["domain"]["id"]
    try:
        roles = {role["name"]: role["id"] for role in admin.get("identity", "/roles").of(200)["roles"]}
        user = _made(admin, "user", {"name": "manager", "domain_id": domain, "password": PASSWORD})
        admin.put("identity", f"/domains/{domain}/users/{user}/roles/{roles['manager']}").of(204)
        auth = {"auth_url": cloud.auth_url, "user_id": user, "password": PASSWORD, "domain_id": domain}
        access = CloudAccess("v3password", auth, cloud.region)
        api = cloud.api(access)
        project = _made(api, "project", {"name": "one", "domain_id": domain})
        yield Manager(api, access, domain, project, _made(api, "user", {"name": "one", "domain_id": domain}), roles)
    finally:
        admin.patch("identity", f"/domains/{domain}", {"domain": {"enabled": False}}).of(200)
        admin.delete("identity", f"/domains/{domain}").of(204)


def _made(api: Api, noun: str, fields: dict[str, Any]) -> str:
    return str(api.post("identity", f"/{noun}s", {noun: fields}).of(201)[noun]["id"])


def test_it_makes_changes_and_removes_in_its_domain(manager: Manager, witness: Witness) -> None:
    for noun, change in (("project", {"description": "another"}), ("user", {"password": PASSWORD, "enabled": True})):
        fields = {"name": "two", "domain_id": manager.domain_id, "description": "second"}
        made = manager.api.post("identity", f"/{noun}s", {noun: fields})
        path = f"/{noun}s/{witness.see(f'keystone/manager-made-{noun}', made)[noun]['id']}"
        changed = manager.api.patch("identity", path, {noun: change})
        witness.see(f"keystone/manager-changed-{noun}", changed)
        witness.see(f"keystone/manager-shown-{noun}", manager.api.get("identity", path))
        manager.api.delete("identity", path).of(204)


def test_it_sees_its_domain_and_nothing_else(manager: Manager, stage: Stage, witness: Witness) -> None:
    projects = witness.see("keystone/manager-projects", manager.api.get("identity", "/projects"))["projects"]
    users = witness.see("keystone/manager-users", manager.api.get("identity", "/users"))["users"]
    assert {item["domain_id"] for item in projects + users} == {manager.domain_id}
    for noun in ("projects", "users"):
        assert manager.api.get("identity", f"/{noun}?domain_id=default").of(200)[noun] == []
    for case, path in (("project", f"/projects/{stage.project_id}"), ("user", f"/users/{stage.user_id}")):
        witness.see(f"keystone/manager-foreign-{case}", manager.api.get("identity", path))
        witness.see(f"keystone/manager-missing-{case}", manager.api.get("identity", f"/{case}s/{'0' * 32}"))
    names = {role["name"] for role in manager.api.get("identity", "/roles").of(200)["roles"]}
    assert set(ROLES_GIVEN) < names


def test_it_changes_nothing_of_others(manager: Manager, stage: Stage, witness: Witness) -> None:
    for noun, theirs in (("project", stage.project_id), ("user", stage.user_id)):
        body = {noun: {"name": "three", "domain_id": "default"}}
        witness.see(f"keystone/manager-abroad-{noun}", manager.api.post("identity", f"/{noun}s", body))
        changed = manager.api.patch("identity", f"/{noun}s/{theirs}", {noun: {"description": "mine"}})
        witness.see(f"keystone/manager-abroad-change-{noun}", changed)
        witness.see(f"keystone/manager-abroad-delete-{noun}", manager.api.delete("identity", f"/{noun}s/{theirs}"))
    witness.see("keystone/manager-role", manager.api.post("identity", "/roles", {"role": {"name": "mine"}}))


def test_it_gives_the_lower_roles_within_its_domain(manager: Manager, stage: Stage, witness: Witness) -> None:
    for role in ROLES_GIVEN:
        assert manager.grant(role, manager.project_id, manager.user_id).status == 204
        assert manager.grant(role, manager.project_id, manager.user_id, "HEAD").status == 204
        assert manager.grant(role, manager.project_id, manager.user_id, "DELETE").status == 204
    for role in ("admin", "service"):
        witness.see("keystone/manager-gives-too-much", manager.grant(role, manager.project_id, manager.user_id))
    for project, user in ((stage.project_id, manager.user_id), (manager.project_id, stage.user_id)):
        witness.see("keystone/manager-gives-abroad", manager.grant("member", project, user))


async def test_identitys_directory_works_as_the_manager(cloud: Cloud, threads: CloudThreads, manager: Manager) -> None:
    settings = CloudSettings(
        region=cloud.region, auth=manager.access.auth, domain_id=manager.domain_id, roles=("member",)
    )
    directory = CloudDirectory(cloud.name, settings, threads)
    made = await directory.ensure("three", "By a manager", PASSWORD)
    assert await directory.ensure("three", "By a manager", PASSWORD) == made
    own = cloud.api(CloudAccess("v3password", directory.auth_of(made, PASSWORD), cloud.region))
    assert own.get("orchestration", "/stacks").of(200) == {"stacks": []}
