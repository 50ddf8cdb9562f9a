"""The checks of a cloud's Keystone, against an emulated one with planted mistakes."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager
from email.utils import formatdate

import pytest
import yaml

from lab.simcloud.tests.running import RunningCloud
from services.chassis.testing.app import running
from services.identity.adapters.keystone.probe import Clock, Token
from services.identity.config import CloudSettings
from services.identity.domain import doctor
from services.identity.main import SERVICE
from services.identity.schema import SCHEMA
from tests.support.distorting import Distorting, distorting
from tests.support.ports import free_range

CLOUD_PORTS = 8
NEXT = ["keystone-rights", "project-roles", "password-expiry"]
PATH = "/v1/clouds/alpha/checks/identity"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    state = tmp_path_factory.mktemp("checked-cloud") / "state"
    running_cloud = RunningCloud("alpha", state, free_range(CLOUD_PORTS), "10.99.5.0/24")
    running_cloud.start()
    yield running_cloud
    running_cloud.stop()


@pytest.fixture(scope="module")
def bent(cloud: RunningCloud) -> Iterator[Distorting]:
    """The same Keystone through a server that changes its answers."""
    with distorting({"": cloud.base_port}) as server:
        yield server


@pytest.fixture
def ask(authority, fresh_database, cloud: RunningCloud) -> Callable:
    """Return a function that checks the cloud with changed settings; gives the findings by check."""

    async def findings(entry: str = "admin", *, auth: dict | None = None, **changed) -> dict[str, dict]:
        async with served(authority, fresh_database, cloud, entry, auth, **changed) as service:
            headers = authority.pass_for("usr_operator", "identity", platform=["cloud.check-identity"])
            answer = await service.client.post(PATH, headers=headers)
        assert answer.status_code == 200, answer.text
        return {item["check"]: item for item in answer.json()["findings"]}

    return findings


@asynccontextmanager
async def served(authority, fresh_database, cloud, entry="admin", auth=None, **changed):
    known = yaml.safe_load(cloud.clouds_file.read_text())["clouds"][entry]
    settings = CloudSettings(**{"region": known["region_name"], "auth": known["auth"] | (auth or {})} | changed)
    database, clouds = await fresh_database(SCHEMA), {"alpha": settings}
    siblings = dict.fromkeys(("authz", "secrets"), "http://127.0.0.1:9")
    async with running(SERVICE, authority, database=database, clouds=clouds, services=siblings) as service:
        yield service


def states(found: dict[str, dict]) -> dict[str, str]:
    return {name: item["state"] for name, item in found.items()}


async def test_a_cloud_that_is_as_it_must_be(ask: Callable) -> None:
    found = await ask()
    assert set(states(found).values()) == {"ok"}, found
    assert list(found) == ["keystone-credential", "clock", "catalogue", *NEXT]


async def test_a_wrong_password_is_one_failure_and_the_clock_is_still_looked_at(
    ask: Callable, bent: Distorting
) -> None:
    bent.headers = {"Date": formatdate(usegmt=True)}
    found = states(await ask(auth={"password": "wrong", "auth_url": f"{bent.url}/v3"}))
    assert found == {"keystone-credential": "failed", "clock": "ok"} | dict.fromkeys(["catalogue", *NEXT], "unchecked")


async def test_a_clock_that_is_wrong_is_told_with_its_direction(ask: Callable, bent: Distorting) -> None:
    bent.headers = {"Date": formatdate(time.time() + 120, usegmt=True)}
    found = await ask(auth={"auth_url": f"{bent.url}/v3"})
    assert found["clock"]["state"] == "failed" and re.search(r"1(1[5-9]|20) s ahead", found["clock"]["sentence"]), (
        found["clock"]
    )
    bent.headers = {"Date": formatdate(time.time() - 20, usegmt=True)}
    found = await ask(auth={"auth_url": f"{bent.url}/v3"})
    assert found["clock"]["state"] == "warning" and "behind" in found["clock"]["sentence"], found["clock"]


async def test_passwords_that_run_out_are_told(ask: Callable, bent: Distorting) -> None:
    bent.headers = {}
    bent.bodies = {
        "/v3/users/": lambda body: body.replace(
            b'"password_expires_at":null', b'"password_expires_at":"2027-01-02T03:04:05.000000"'
        )
    }
    found = await ask(auth={"auth_url": f"{bent.url}/v3"})
    assert found["password-expiry"]["state"] == "warning" and "2027-01-02" in found["password-expiry"]["sentence"]


async def test_another_region_a_lost_domain_and_missing_roles(ask: Callable) -> None:
    found = await ask(region="nowhere")
    assert found["catalogue"]["state"] == "failed" and "Heat" in found["catalogue"]["sentence"]
    assert (await ask(domain_id="gone"))["keystone-rights"]["state"] == "failed"
    assert (await ask(roles=("member", "no_such_role")))["project-roles"]["state"] == "warning"
    assert (await ask(roles=("no_such_role",)))["project-roles"]["state"] == "failed"


async def test_somebody_who_may_make_nothing(ask: Callable, cloud: RunningCloud) -> None:
    keystone = cloud.connect("admin").identity
    user = keystone.create_user(name="weak", domain_id="default", password="weak-password")
    project = keystone.find_project("service")
    keystone.assign_project_role_to_user(project, user, keystone.find_role("member"))
    found = await ask(auth={"username": "weak", "password": "weak-password", "project_name": "service"})
    assert found["keystone-credential"]["state"] == "ok"
    assert found["keystone-rights"]["state"] == "failed", found["keystone-rights"]
    assert found["project-roles"]["state"] == "unchecked"


async def test_a_cloud_that_is_not_configured_and_a_person_without_permission(authority, fresh_database, cloud) -> None:
    async with served(authority, fresh_database, cloud) as service:
        operator = authority.pass_for("usr_operator", "identity", platform=["cloud.check-identity"])
        assert (await service.client.post("/v1/clouds/beta/checks/identity", headers=operator)).status_code == 404
        customer = authority.pass_for("usr_1", "identity", projects={"prj_a": ["project.manage"]})
        assert (await service.client.post(PATH, headers=customer)).status_code == 403


def test_the_manager_of_the_domain_is_enough_and_of_another_is_not() -> None:
    directory = doctor.Directory("Customers", True, frozenset())
    manager = Token("u", ("manager",), "customers", None, {})
    assert doctor.judge_rights(manager, directory, "customers").state == "ok"
    assert doctor.judge_rights(manager, directory, "others").state == "failed"


def test_a_manager_may_not_give_every_role() -> None:
    there, wanted = frozenset({"member", "heat_stack_owner"}), ("member", "heat_stack_owner")
    manager, admin = (Token("u", (role,), "customers", None, {}) for role in ("manager", "admin"))
    assert doctor.judge_roles(wanted, there, manager).state == "warning"
    assert doctor.judge_roles(("member",), there, manager).state == "ok"
    assert doctor.judge_roles(wanted, there, admin).state == "ok"


def test_a_date_in_whole_seconds_is_no_reason_to_worry() -> None:
    assert doctor.judge_clock(Clock(-5.4, 0.6)).state == "ok"
    assert doctor.judge_clock(Clock(-5.7, 0.6)).state == "warning"
