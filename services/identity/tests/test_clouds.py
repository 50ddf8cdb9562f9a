"""Credentials at clouds: openstacksdk against two emulated Keystones."""

import asyncio
from collections.abc import Iterator

import openstack
import pytest
import yaml

from lab.simcloud.tests.running import CLOUD_PORTS, RunningCloud
from services.chassis.testing.authority import Authority
from services.identity.config import CloudSettings
from services.identity.tests.platform import Platform
from tests.support.ports import free_range

CLOUDS = ("alpha", "beta")


@pytest.fixture(scope="module")
def clouds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, RunningCloud]]:
    folder = tmp_path_factory.mktemp("clouds")
    running = {}
    for name in CLOUDS:
        running[name] = RunningCloud(name, folder / name, free_range(CLOUD_PORTS), "10.99.1.0/24")
        running[name].start()
    yield running
    for cloud in running.values():
        cloud.stop()


@pytest.fixture
def identity_settings(clouds: dict[str, RunningCloud]) -> dict:
    return {"clouds": {name: settings_of(cloud) for name, cloud in clouds.items()}}


def settings_of(cloud: RunningCloud) -> CloudSettings:
    """Return what an operator writes of a cloud: its clouds.yaml's administrator."""
    entry = yaml.safe_load(cloud.clouds_file.read_text())["clouds"]["admin"]
    return CloudSettings(region=cloud.name, auth=entry["auth"])


async def credential(platform: Platform, authority: Authority, project: str, cloud: str):
    """Ask as the cluster service does, under its mandate."""
    mandate = authority.mandate_for("usr_1", "cluster", projects={project: ["cloud.credential"]})
    headers = authority.hop_for(mandate, "identity", service="cluster")
    return await platform.identity.client.post(
        f"/internal/projects/{project}/clouds/{cloud}/credential", headers=headers
    )


def connect(answer: dict) -> openstack.connection.Connection:
    return openstack.connect(
        load_yaml_config=False,
        load_envvars=False,
        region_name=answer["region"],
        auth=answer["auth"],
        auth_type=answer["auth_type"],
    )


async def test_a_credential_is_made_once_and_is_its_own_project(
    platform: Platform, authority: Authority, clouds: dict[str, RunningCloud]
) -> None:
    project = await platform.add_project("mine")
    answers = await asyncio.gather(*(credential(platform, authority, project, "alpha") for _ in range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4, answers[0].text
    assert len({answer.content for answer in answers}) == 1
    made = answers[0].json()
    connection = connect(made)
    assert connection.current_project_id == made["cloud_project_id"]
    roles = connection.session.auth.get_access(connection.session).role_names
    assert {"member", "heat_stack_owner"} <= set(roles) and "admin" not in roles
    keystone = clouds["alpha"].connect("admin").identity
    assert len(list(keystone.projects(name=f"cloudpoint-{project}"))) == 1
    assert len(list(keystone.users(name=f"cloudpoint-{project}"))) == 1


async def test_projects_and_clouds_are_kept_apart(platform: Platform, authority: Authority) -> None:
    first, second = await platform.add_project("first"), await platform.add_project("second")
    made = [
        (await credential(platform, authority, project, cloud)).json()
        for project in (first, second)
        for cloud in ("alpha", "beta")
    ]
    assert len({one["cloud_project_id"] for one in made}) == 4
    assert len({one["auth"]["password"] for one in made}) == 4
    assert {one["region"] for one in made} == {"alpha", "beta"}


async def test_a_try_that_was_killed_is_taken_up(
    platform: Platform, authority: Authority, clouds: dict[str, RunningCloud]
) -> None:
    project = await platform.add_project("mine")
    before = (await credential(platform, authority, project, "alpha")).json()
    async with platform.identity.context.db.project(project) as tx:
        await tx.exec_driver_sql("DELETE FROM cloud_project")
    keystone = clouds["alpha"].connect("admin").identity
    user = next(iter(keystone.users(name=f"cloudpoint-{project}")))
    keystone.delete_user(user)
    after = (await credential(platform, authority, project, "alpha")).json()
    assert after["auth"] == before["auth"] | {"user_id": after["auth"]["user_id"]}
    assert connect(after).current_project_id == before["cloud_project_id"]


async def test_no_mandate_no_credential(platform: Platform, authority: Authority) -> None:
    project, other = await platform.add_project("mine"), await platform.add_project("other")
    path = f"/internal/projects/{project}/clouds/alpha/credential"
    manager = authority.pass_for("usr_1", "identity", projects={project: ["project.manage"]}, service="cluster")
    assert (await platform.identity.client.post(path, headers=manager)).status_code == 403
    elsewhere = authority.pass_for("usr_1", "identity", projects={other: ["cloud.credential"]}, service="cluster")
    assert (await platform.identity.client.post(path, headers=elsewhere)).status_code == 403


async def test_unknown_clouds_and_projects_are_said(platform: Platform, authority: Authority) -> None:
    project = await platform.add_project("mine")
    unknown = await credential(platform, authority, project, "gamma")
    assert unknown.json()["code"] == "unknown-cloud" and "alpha" in unknown.json()["hint"]
    assert (await credential(platform, authority, "prj_nothing", "alpha")).status_code == 404


async def test_a_keystone_that_is_away_is_a_passing_failure(platform: Platform, authority: Authority, clouds) -> None:
    project = await platform.add_project("mine")
    clouds["beta"].stop()
    try:
        answer = await credential(platform, authority, project, "beta")
        assert answer.status_code == 503 and answer.json()["code"] == "cloud-failure", answer.text
    finally:
        clouds["beta"].start()
    assert (await credential(platform, authority, project, "beta")).status_code == 200
