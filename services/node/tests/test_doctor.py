"""The checks of a cloud's Ironic, against an emulated one in which things are wrong."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager

import pytest
import yaml

from lab.simcloud.tests.running import RunningCloud, enrol
from services.chassis.testing.app import running
from services.node.adapters.ironic_probe import Enrolled, Machinery, Token
from services.node.config import CloudSettings
from services.node.domain import doctor
from services.node.main import SERVICE
from services.node.schema import SCHEMA
from services.node.tests.conftest import CLOUD_PORTS, PROJECT
from services.node.tests.machines import machine
from tests.support.ports import free_range

PATH = "/v1/clouds/alpha/checks/node"


@pytest.fixture(scope="module")
def sick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """A cloud of its own, whose second node has a fault of each kind, and one of whose nodes is not provided."""
    state = tmp_path_factory.mktemp("sick-cloud") / "state"
    cloud = RunningCloud("sick", state, free_range(CLOUD_PORTS), "10.99.4.0/24")
    cloud.start()
    baremetal = cloud.connect("system").baremetal
    well = enrol(cloud.connect("system"), "well")
    baremetal.create_port(node_id=well.id, address="52:54:00:00:00:01")
    ill = enrol(cloud.connect("system"), "ill", resource_class=None)
    baremetal.set_node_maintenance(ill, "bad fan")
    baremetal.create_node(name="new", driver="fake-hardware", resource_class="bm.general")
    yield cloud
    cloud.stop()


@pytest.fixture
def ask(authority, fresh_database):
    """Return a function that checks a cloud by one of its log-ins, changed; gives the findings by check."""

    async def findings(cloud: RunningCloud, entry: str = "system", **changed: str) -> dict[str, dict]:
        async with served(authority, fresh_database, cloud, entry, **changed) as service:
            headers = authority.pass_for("usr_operator", "node", platform=["cloud.check-node"])
            answer = await service.client.post(PATH, headers=headers)
        assert answer.status_code == 200, answer.text
        return {item["check"]: item for item in answer.json()["findings"]}

    return findings


@asynccontextmanager
async def served(authority, fresh_database, cloud: RunningCloud, entry="system", region=None, **changed: str):
    known = yaml.safe_load(cloud.clouds_file.read_text())["clouds"][entry]
    settings = CloudSettings(region=region or known["region_name"], auth=known["auth"] | changed)
    async with running(SERVICE, authority, database=await fresh_database(SCHEMA), clouds={"alpha": settings}) as node:
        yield node


def states(found: dict[str, dict]) -> dict[str, str]:
    return {name: item["state"] for name, item in found.items()}


async def test_everything_that_is_wrong_is_told_at_once(ask: Callable, sick: RunningCloud) -> None:
    found = await ask(sick)
    assert states(found) == {
        "ironic-credential": "ok",
        "ironic-conductors": "ok",
        "ironic-nodes": "warning",
        "node-drivers": "ok",
        "node-classes": "warning",
        "node-ports": "warning",
        "node-power": "ok",
        "node-health": "warning",
    }
    assert "new" in found["ironic-nodes"]["sentence"] and "provide" in found["ironic-nodes"]["what_to_mend"]
    assert "ill" in found["node-classes"]["sentence"] and "--resource-class" in found["node-classes"]["what_to_mend"]
    assert "bad fan" in found["node-health"]["evidence"]


async def test_a_project_scoped_log_in_is_told(ask: Callable, sick: RunningCloud) -> None:
    found = await ask(sick, "admin")
    assert found["ironic-credential"]["state"] == "failed" and "scope" in found["ironic-credential"]["sentence"]


async def test_a_wrong_password_is_one_failure_and_nothing_else_is_tried(ask: Callable, sick: RunningCloud) -> None:
    found = await ask(sick, password="wrong")
    assert states(found).pop("ironic-credential") == "failed"
    assert set(states(found).values()) == {"failed", "unchecked"}
    assert list(states(found).values()).count("failed") == 1
    assert "clouds.alpha of node's configuration" in found["ironic-credential"]["what_to_mend"]


async def test_another_region_is_said_to_have_no_ironic(ask: Callable, sick: RunningCloud) -> None:
    found = await ask(sick, region="nowhere")
    assert "no endpoint of Ironic" in found["ironic-nodes"]["sentence"], found["ironic-nodes"]


async def test_a_keystone_that_is_away_is_a_finding(ask: Callable, sick: RunningCloud) -> None:
    found = await ask(sick, auth_url="http://127.0.0.1:9/v3")
    assert found["ironic-credential"]["state"] == "failed"
    assert "does not answer" in found["ironic-credential"]["sentence"]


async def test_a_cloud_that_is_not_configured_and_a_person_without_permission(
    authority, fresh_database, sick: RunningCloud
) -> None:
    async with served(authority, fresh_database, sick) as service:
        operator = authority.pass_for("usr_operator", "node", platform=["cloud.check-node"])
        assert (await service.client.post("/v1/clouds/beta/checks/node", headers=operator)).status_code == 404
        reader = authority.pass_for("usr_1", "node", projects={PROJECT: ["node.read"]})
        assert (await service.client.post(PATH, headers=reader)).status_code == 403


async def test_a_kept_log_in_hides_nothing(authority, fresh_database, sick: RunningCloud) -> None:
    async with served(authority, fresh_database, sick) as service:
        await service.context.watches["alpha"].look()
        sick.stop()
        try:
            headers = authority.pass_for("usr_operator", "node", platform=["cloud.check-node"])
            found = (await service.client.post(PATH, headers=headers)).json()["findings"]
        finally:
            await asyncio.to_thread(sick.start)
    assert found[0]["state"] == "failed" and {item["state"] for item in found[1:]} == {"unchecked"}


def test_what_holds_for_all_nodes_is_a_failure() -> None:
    lost = machine(1, resource_class="", power=None)
    assert doctor.judge_classes([lost]).state == "failed"
    assert doctor.judge_power([lost]).state == "failed"
    assert doctor.judge_power([lost, machine(2)]).state == "warning"
    assert doctor.judge_ports(Enrolled([lost], {}, frozenset())).state == "failed"
    assert doctor.judge_nodes([]).state == doctor.judge_nodes([machine(1, state="enroll")]).state == "failed"


def test_drivers_and_conductors_that_are_missing_are_named() -> None:
    enrolled = Enrolled([machine(1)], {"uuid-0001": "ipmi"}, frozenset())
    verdict = doctor.judge_drivers(enrolled, frozenset({"redfish"}))
    assert verdict.state == "failed" and "ipmi" in str(verdict.what_to_mend)
    assert doctor.judge_conductors(Machinery({}, frozenset())).state == "failed"
    assert doctor.judge_conductors(Machinery({"a": False}, frozenset())).state == "failed"
    verdict = doctor.judge_conductors(Machinery({"a": False, "b": True}, frozenset()))
    assert verdict.state == "warning" and "a" in verdict.sentence


def test_a_reader_of_the_system_can_look_and_not_act() -> None:
    assert doctor.judge_token(Token(True, ("reader",))).state == "warning"
    assert doctor.judge_token(Token(True, ("member",))).state == "ok"
    assert doctor.judge_token(Token(False, ("service",))).state == "warning"
