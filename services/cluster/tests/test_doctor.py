"""The checks of a cloud as a project and as its operator see it, against an emulated one with planted mistakes."""

import asyncio
import json
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from services.chassis.auth.credentials import Mandate
from services.chassis.testing.app import running
from services.cluster.adapters.catalogue import Need
from services.cluster.adapters.heat.probe import Refusal
from services.cluster.config import CloudSettings, OperatorLogin
from services.cluster.domain import cloud_verdicts as judge
from services.cluster.domain.cloud_facts import Flavor, Image, Network, Pool, Quota, custom_class
from services.cluster.main import SERVICE
from services.contracts.node import Capacity
from services.identity.config import CloudSettings as IdentityCloud
from services.identity.main import SERVICE as IDENTITY
from tests.support.distorting import distorting

pytestmark = pytest.mark.asyncio(loop_scope="session")
OF_PROJECT = [
    "heat-api",
    "flavors",
    "blueprint-flavors",
    "image",
    "network",
    "compute-quota",
    "port-quota",
    "heat-batch",
]
OF_OPERATOR = ["addresses", "compute-services", "placement"]
METAL = {"resources:CUSTOM_BM_GENERAL": "1"}
ZEROED = {"resources:VCPU": "0", "resources:MEMORY_MB": "0", "resources:DISK_GB": "0"}


def machines(free: int, total: int = 6) -> list[Capacity]:
    return [Capacity(cloud_id="alpha", resource_class="bm.general", total=total, free=free, unheld=free)]


@asynccontextmanager
async def checking(world, *, identity=None, operator=True, **settings):
    """Run a cluster service of its own among the world's siblings; gives a function that returns findings."""
    login = yaml.safe_load(world.cloud.clouds_file.read_text())["clouds"]["admin"]
    login = OperatorLogin(region=world.cloud.name, auth=login["auth"]) if operator is True else operator
    cloud = CloudSettings(**{"image": "bm-image", "network": "provision", "operator": login} | settings)
    names = ("authz", "identity", "blueprint", "node", "runner", "relay", "secrets")
    services = {name: world.running[name].url for name in names} | ({"identity": identity} if identity else {})
    database = world.idle.process.settings.database
    options = {"database": database, "services": services, "default_cloud": "alpha", "clouds": {"alpha": cloud}}
    # Machines are looked at only while a test of this loop runs: the last look may be long ago.
    await world.idle.context.deps.nodes.capacity(Mandate(world.mandate("prj_any")), fresh=True)
    async with running(SERVICE, world.authority, **options) as service:

        async def findings(project: str | None) -> dict[str, dict]:
            headers = world.authority.pass_for("usr_operator", "cluster", platform=["cloud.check-cluster"])
            body = {"project": project} if project else {}
            answer = await service.client.post("/v1/clouds/alpha/checks/cluster", json=body, headers=headers)
            assert answer.status_code == 200, answer.text
            return {item["check"]: item for item in answer.json()["findings"]}

        yield findings


def states(found: dict[str, dict]) -> dict[str, str]:
    return {name: item["state"] for name, item in found.items()}


def not_good(found: dict[str, dict]) -> dict[str, str]:
    return {name: state for name, state in states(found).items() if state != "ok"}


async def test_a_cloud_that_is_as_it_must_be(world) -> None:
    alice = await world.person()
    async with checking(world) as findings:
        found = await findings(alice.projects[0])
    assert not_good(found) == {}, found
    assert set(OF_PROJECT + OF_OPERATOR) < set(found)


async def test_image_and_network_that_are_not_there_are_both_told(world) -> None:
    alice = await world.person()
    async with checking(world, image="no-image", network="no-network") as findings:
        found = await findings(alice.projects[0])
    assert not_good(found) == {
        "image": "failed",
        "network": "failed",
        "heat-batch": "unchecked",
        "addresses": "unchecked",
    }
    assert "no-image" in found["image"]["sentence"] and "--public" in found["image"]["what_to_mend"]


async def test_a_flavor_without_its_resource_class_leads_to_no_machine(world) -> None:
    alice = await world.person()
    compute = world.cloud.connect("admin").compute
    flavor = compute.find_flavor("bm.general")
    await asyncio.to_thread(compute.delete_flavor_extra_specs_property, flavor, "resources:CUSTOM_BM_GENERAL")
    try:
        async with checking(world) as findings:
            found = await findings(alice.projects[0])
    finally:
        await asyncio.to_thread(compute.create_flavor_extra_specs, flavor, METAL)
    behind = dict.fromkeys(("blueprint-flavors", "compute-quota", "heat-batch"), "unchecked")
    assert not_good(found) == {"flavors": "failed"} | behind
    assert "CUSTOM_BM_GENERAL" in found["flavors"]["sentence"], found["flavors"]


async def test_a_quota_that_is_too_small_is_told_with_the_scarce_resource(world) -> None:
    alice = await world.person()
    login = yaml.safe_load(world.cloud.clouds_file.read_text())["clouds"]["admin"]["auth"]
    behind = {"": world.cloud.base_port, "/v2.1": world.cloud.base_port + 2}
    async with AsyncExitStack() as stack:
        bent = stack.enter_context(distorting(behind))
        bent.bodies = {"/limits": lambda body: limited(body, instances=1)}
        clouds = {"alpha": IdentityCloud(region=world.cloud.name, auth={**login, "auth_url": f"{bent.url}/v3"})}
        urls = {name: world.running[name].url for name in ("authz", "secrets")}
        database = world.running["identity"].process.settings.database
        identity = running(IDENTITY, world.authority, database=database, services=urls, clouds=clouds)
        service = await stack.enter_async_context(identity)
        findings = await stack.enter_async_context(checking(world, identity=service.url))
        found = await findings(alice.projects[0])
        bent.bodies = {"/limits": lambda body: limited(body, cores=4)}
        fewer = await findings(alice.projects[0])
    assert not_good(found) == {"compute-quota": "failed"}, found
    assert "instances has room for 1 of 6" in found["compute-quota"]["sentence"], found["compute-quota"]
    assert not_good(fewer) == {"compute-quota": "warning"} and "cores" in fewer["compute-quota"]["what_to_mend"]


def limited(body: bytes, *, instances: int = -1, cores: int = -1) -> bytes:
    """Return Nova's answer to GET /limits with other limits."""
    document = json.loads(body)
    document["limits"]["absolute"] |= {"maxTotalInstances": instances, "maxTotalCores": cores}
    return json.dumps(document).encode()


async def test_what_needs_an_operator_or_a_project_says_so(world) -> None:
    alice = await world.person()
    async with checking(world, operator=None) as findings:
        alone = await findings(alice.projects[0])
        nobody = await findings(None)
        stranger = await findings("prj_nothing")
    assert not_good(alone) == dict.fromkeys(["operator-credential", *OF_OPERATOR], "unchecked")
    assert nobody["project-credential"]["state"] == "unchecked" and nobody["capacity"]["state"] == "ok"
    assert stranger["project-credential"]["state"] == "failed"
    assert {states(nobody)[name] for name in OF_PROJECT} == {"unchecked"}


async def test_an_operators_wrong_password_hides_nothing_of_the_project(world) -> None:
    alice = await world.person()
    login = yaml.safe_load(world.cloud.clouds_file.read_text())["clouds"]["admin"]["auth"]
    wrong = OperatorLogin(region=world.cloud.name, auth={**login, "password": "wrong"})
    async with checking(world, operator=wrong) as findings:
        found = await findings(alice.projects[0])
    expected = {"operator-credential": "failed"} | dict.fromkeys(OF_OPERATOR, "unchecked")
    assert not_good(found) == expected


async def test_clouds_are_listed_for_operators_alone(world) -> None:
    operator = world.authority.pass_for("usr_operator", "cluster", platform=["cloud.check-cluster"])
    listed = (await world.idle.client.get("/v1/clouds", headers=operator)).json()
    assert listed["items"] == [{"id": "alpha", "default": True}, {"id": "beta", "default": False}]
    alice = await world.person()
    assert (await world.idle.client.get("/v1/clouds", headers=world.ask(alice))).status_code == 403
    path = "/v1/clouds/{}/checks/cluster"
    refused = await world.idle.client.post(path.format("alpha"), json={}, headers=world.ask(alice))
    assert refused.status_code == 403
    operator = world.authority.pass_for("usr_operator", "cluster", platform=["cloud.check-cluster"])
    lost = await world.idle.client.post(path.format("gamma"), json={}, headers=operator)
    assert lost.status_code == 404


async def test_a_cloud_that_identity_does_not_know_is_a_finding(world) -> None:
    alice = await world.person()
    operator = world.authority.pass_for("usr_operator", "cluster", platform=["cloud.check-cluster"])
    body = {"project": alice.projects[0]}
    report = await world.idle.client.post("/v1/clouds/beta/checks/cluster", json=body, headers=operator)
    found = {item["check"]: item for item in report.json()["findings"]}
    assert found["project-credential"]["state"] == "failed" and "alpha" in found["project-credential"]["what_to_mend"]
    assert found["capacity"]["state"] == "failed"


@pytest.mark.parametrize(
    ("extra_specs", "state"),
    [
        (METAL | ZEROED, "ok"),
        (METAL, "failed"),
        ({"resources:CUSTOM_BM_GENERAL": "2"} | ZEROED, "failed"),
        ({"resources:CUSTOM_OTHER": "1"} | ZEROED, "failed"),
        ({}, "failed"),
    ],
)
async def test_flavors(extra_specs: dict[str, str], state: str) -> None:
    verdict = judge.judge_flavors([Flavor("1", "bm", 1, 1024, extra_specs)], machines(6))
    assert verdict.state == state, verdict


async def test_a_blueprint_whose_flavor_is_not_there_is_named() -> None:
    flavors = [Flavor("1", "bm.general", 1, 1024, METAL | ZEROED)]
    here, lost = Need("slurm", "bm.general", "bm.general"), Need("gpu", "bm.gpu", "bm.gpu")
    other_class = Need("mpi", "bm.general", "bm.gpu")
    assert judge.judge_needs({here}, flavors).state == "ok"
    assert judge.judge_needs(set(), flavors).state == "ok"
    some = judge.judge_needs({here, lost, other_class}, flavors)
    assert some.state == "warning" and "gpu, mpi" in some.sentence and "bm.gpu" in str(some.evidence)
    assert judge.judge_needs({lost}, flavors).state == "failed"


async def test_a_class_that_no_flavor_leads_to_is_a_warning() -> None:
    two = [*machines(6), Capacity(cloud_id="alpha", resource_class="gpu-8x", total=1, free=1, unheld=1)]
    verdict = judge.judge_flavors([Flavor("1", "bm", 1, 1024, METAL | ZEROED)], two)
    assert verdict.state == "warning" and "CUSTOM_GPU_8X" in verdict.sentence
    assert custom_class("baremetal.large-2") == "CUSTOM_BAREMETAL_LARGE_2"


@pytest.mark.parametrize(
    ("image", "state"),
    [
        (Image("1", "active", "qcow2", "bare", {}), "ok"),
        (Image("1", "active", "iso", "bare", {"ironic_ramdisk_deploy": "True"}), "ok"),
        (Image("1", "active", "raw", "bare", {"boot_iso_id": "2"}), "ok"),
        (Image("1", "active", "iso", "bare", {}), "failed"),
        (Image("1", "active", "vmdk", "bare", {}), "failed"),
        (Image("1", "active", "ami", "ami", {"kernel_id": "2"}), "failed"),
        (Image("1", "queued", "qcow2", "bare", {}), "failed"),
    ],
)
async def test_images(image: Image, state: str) -> None:
    assert judge.judge_image("bm", [image]).state == state
    assert judge.judge_image("bm", [image, image]).state == "failed"


async def test_networks_and_their_addresses() -> None:
    pool = Pool("10.0.0.10", "10.0.0.13")
    network = Network("1", "ACTIVE", True, (pool,))
    assert judge.judge_network("n", [network], machines(4, 4)).state == "ok"
    assert judge.judge_network("n", [network], machines(4, 6)).state == "warning"
    assert judge.judge_network("n", [Network("1", "ACTIVE", True, ())], machines(4)).state == "failed"
    assert judge.judge_network("n", [Network("1", "DOWN", True, (pool,))], machines(4)).state == "failed"
    used = ["10.0.0.10", "10.0.0.1", "fd00::1"]
    assert "3 of 4 addresses" in judge.judge_addresses(network, used, machines(3)).sentence
    assert judge.judge_addresses(network, used, machines(4)).state == "warning"
    assert judge.judge_addresses(network, [f"10.0.0.{n}" for n in range(10, 13)], machines(4)).state == "failed"


async def test_quotas_count_what_is_left_and_a_missing_limit_is_none() -> None:
    assert judge.judge_port_quota(Quota(-1, 500), machines(6)).state == "ok"
    assert judge.judge_port_quota(Quota(10, 7), machines(6)).state == "warning"
    assert judge.judge_port_quota(Quota(10, 9), machines(6)).state == "failed"
    assert judge.judge_port_quota(Quota(10, 10), machines(0)).state == "ok"


async def test_heats_limits_are_told_from_its_other_refusals() -> None:
    limits = judge.judge_batch(Refusal("Maximum resources per stack exceeded.", ("max_resources_per_stack",)), 32)
    assert limits.state == "failed" and "max_resources_per_stack" in str(limits.what_to_mend)
    assert "heat.conf" not in str(judge.judge_batch(Refusal("no"), 32).what_to_mend)


async def test_what_is_free_must_be_on_offer() -> None:
    assert judge.judge_placement({"CUSTOM_BM_GENERAL": None}, machines(6)).state == "failed"
    assert judge.judge_placement({"CUSTOM_BM_GENERAL": 0}, machines(6)).state == "failed"
    assert judge.judge_placement({"CUSTOM_BM_GENERAL": 4}, machines(6)).state == "warning"
    assert judge.judge_placement({"CUSTOM_BM_GENERAL": 0}, machines(0)).state == "ok"
    assert judge.judge_compute_services({}).state == "failed"
    assert judge.judge_compute_services({"a": "down"}).state == "failed"
    assert judge.judge_compute_services({"a": "down", "b": "up"}).state == "warning"


async def test_machines_that_were_not_seen_for_long_are_no_machines() -> None:
    now = datetime.now(UTC)
    assert judge.judge_capacity(machines(6), now, now).state == "ok"
    assert judge.judge_capacity(machines(6), now - timedelta(minutes=5), now).state == "failed"
    assert judge.judge_capacity([], now, now).state == "failed"
