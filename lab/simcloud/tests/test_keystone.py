"""Log-in, scopes, roles and credentials, as openstacksdk sees them."""

import openstack
import pytest
from openstack import exceptions
from openstack.connection import Connection

from lab.simcloud.tests.conftest import member_of
from lab.simcloud.tests.running import RunningCloud


def test_catalogue_has_every_service_in_the_region(cloud: RunningCloud, admin: Connection) -> None:
    catalog = {entry["type"] for entry in admin.service_catalog}
    assert catalog == {
        "identity",
        "orchestration",
        "compute",
        "network",
        "image",
        "placement",
        "baremetal",
    }
    assert admin.session.get_endpoint(service_type="baremetal", region_name=cloud.name)


def test_clouds_file_is_for_its_owner_only(cloud: RunningCloud) -> None:
    assert cloud.clouds_file.stat().st_mode & 0o777 == 0o600


def test_wrong_password_is_401(cloud: RunningCloud) -> None:
    with pytest.raises(exceptions.SDKException, match="HTTP 401"):
        cloud.connect_as(username="admin", password="guess", project_name="admin").authorize()


def test_member_may_not_list_users(tenant: Connection) -> None:
    with pytest.raises(exceptions.ForbiddenException, match="identity:list_users"):
        list(tenant.identity.users())


def test_project_names_are_unique_in_a_domain(admin: Connection) -> None:
    admin.identity.create_project(name="twice", domain_id="default")
    with pytest.raises(exceptions.ConflictException, match="name is twice"):
        admin.identity.create_project(name="twice", domain_id="default")


def test_unknown_project_is_404(admin: Connection) -> None:
    with pytest.raises(exceptions.NotFoundException, match="Could not find project: nowhere"):
        admin.identity.get_project("nowhere")


def test_a_role_that_is_taken_away_is_felt_at_once(cloud: RunningCloud, admin: Connection) -> None:
    connection = member_of(cloud, admin, "leaver")
    assert list(connection.compute.servers()) == []
    user = admin.identity.find_user("leaver", domain_id="default")
    project, role = admin.identity.find_project("leaver"), admin.identity.find_role("member")
    admin.identity.unassign_project_role_from_user(project, user, role)
    headers = {"X-Auth-Token": connection.auth_token}
    answer = connection.session.get(
        f"http://127.0.0.1:{cloud.base_port + 2}/v2.1/servers", headers=headers, authenticated=False, raise_exc=False
    )
    assert answer.status_code == 401


def test_a_revoked_token_is_worthless(cloud: RunningCloud, admin: Connection) -> None:
    connection = member_of(cloud, admin, "revoked")
    token, url = connection.auth_token, f"http://127.0.0.1:{cloud.base_port}/v3/auth/tokens"
    headers = {"X-Auth-Token": token, "X-Subject-Token": token}
    first = connection.session.get(url, headers=headers, authenticated=False)
    assert first.headers["X-Subject-Token"] == token
    assert first.json()["token"]["project"]["name"] == "revoked"
    assert connection.session.delete(url, headers=headers, authenticated=False).status_code == 204
    after = connection.session.get(url, headers=headers, authenticated=False, raise_exc=False)
    assert after.status_code == 401


def test_application_credentials_log_in_but_cannot_make_trusts_nor_stacks(
    cloud: RunningCloud, admin: Connection
) -> None:
    owner = member_of(cloud, admin, "owner")
    for unrestricted in (False, True):
        made = owner.identity.create_application_credential(
            owner.current_user_id, name=f"free-{unrestricted}", unrestricted=unrestricted
        )
        robot = cloud.connect_as(application_credential_id=made.id, application_credential_secret=made.secret)
        assert robot.current_project_id == owner.current_project_id
        template = {"heat_template_version": "2021-04-16", "resources": {"nothing": {"type": "OS::Heat::None"}}}
        heat = cloud.heat(robot)
        with pytest.raises(Exception, match="ERROR"):
            heat.stacks.create(stack_name="by-robot", template=template)
        assert list(cloud.heat(owner).stacks.list()) == []
        if not unrestricted:
            with pytest.raises(exceptions.ForbiddenException, match="managing application credentials"):
                robot.identity.create_application_credential(robot.current_user_id, name="another")


def test_scopes(cloud: RunningCloud, admin: Connection, system: Connection) -> None:
    assert system.session.auth.get_access(system.session).system_scoped
    assert not admin.session.auth.get_access(admin.session).system_scoped
    with pytest.raises(openstack.exceptions.ForbiddenException):
        list(system.compute.servers())
