"""The Heat adapter against an emulated Heat, Nova and Ironic, in a project of its own."""

import asyncio
import dataclasses
from pathlib import Path

import pytest

from lab.simcloud.tests.running import wait_node
from services.chassis.auth.credentials import Mandate
from services.chassis.cloud import CloudAccess, CloudFailure
from services.chassis.errors import Unavailable
from services.chassis.http.client import ServiceClient
from services.chassis.ids import new_id
from services.cluster.adapters import cloud_credentials
from services.cluster.adapters.cloud_credentials import CloudCredentials
from services.cluster.adapters.siblings import Identity
from services.cluster.domain.machine_group import GroupSpec, GroupState
from tests.support.link import linked

pytestmark = pytest.mark.asyncio(loop_scope="session")
_TEMPLATES = Path(__file__).parents[3] / "blueprints/slurm/infrastructure"


async def unguarded() -> None:
    """Nobody else works on these groups."""


@pytest.fixture
def groups(world):
    return world.cluster.context.deps.groups


@pytest.fixture
def spec():
    cluster = new_id("clu")
    parameters = {"hosts": "h-1,h-2", "count": 2, "image": "bm-image", "flavor": "bm.general", "network": "provision"}
    template, machine = ((_TEMPLATES / name).read_text() for name in ("compute.yaml", "machine.yaml"))
    files = {"machine.yaml": machine}
    return GroupSpec(cluster, "heat", "compute-0", template, files, parameters, {"operation": "op_1", "fence": "1"})


async def entered(world) -> CloudAccess:
    """Return the access of a new project."""
    project = (await world.person()).projects[0]
    identity = world.cluster.context.deps.identity
    found = await identity.credential(project, "alpha", Mandate(world.mandate(project)))
    return CloudAccess(found.auth_type, found.auth, found.region)


async def observed(groups, access, reference, *states):
    async with asyncio.timeout(40):
        while True:
            seen = await groups.observe(access, reference)
            if seen.state in states:
                return seen
            assert seen.state not in (GroupState.FAILED, GroupState.GONE), seen
            await asyncio.sleep(0.1)


async def test_from_nothing_to_machines_and_back(world, groups, spec):
    access = await entered(world)
    assert await groups.find(access, spec.cluster_id, spec.cluster_name, spec.key) is None
    first, second = [await groups.create(access, spec, unguarded) for _ in range(2)]
    assert first == second == await groups.find(access, spec.cluster_id, spec.cluster_name, spec.key)
    assert await groups.all_of_platform(access) == [(first, spec.cluster_id, f"heat-compute-0-{spec.cluster_id[-10:]}")]
    seen = await observed(groups, access, first, GroupState.COMPLETE)
    assert [member.name for member in seen.members] == ["h-1", "h-2"]
    assert all(member.server_id and member.address for member in seen.members)
    await groups.remove(access, first, unguarded)
    await groups.remove(access, first, unguarded)
    await observed(groups, access, first, GroupState.GONE)
    await groups.remove(access, first, unguarded)
    assert (await groups.observe(access, "00000000-0000-0000-0000-000000000000")).state is GroupState.GONE


async def test_of_several_of_one_name_the_oldest_is_ours_and_a_strangers_is_not(world, groups, spec):
    access = await entered(world)
    stranger = dataclasses.replace(spec, cluster_id="clu_" + "x" * 16 + spec.cluster_id[-10:])
    theirs = await groups.create(access, stranger, unguarded)
    assert await groups.find(access, spec.cluster_id, spec.cluster_name, spec.key) is None
    with pytest.raises(CloudFailure, match="not ours"):
        await groups.create(access, spec, unguarded)
    await groups.remove(access, theirs, unguarded)
    await observed(groups, access, theirs, GroupState.GONE)


async def test_what_is_missing_of_a_failed_group_is_made_and_what_works_stays(world, groups, spec):
    access = await entered(world)
    system = world.cloud.connect("system")
    nodes = [node.id for node in await asyncio.to_thread(lambda: list(system.baremetal.nodes()))]
    for node in nodes[1:]:
        await asyncio.to_thread(system.baremetal.set_node_maintenance, node, "test")
    try:
        reference = await groups.create(access, spec, unguarded)
        failed = await observed(groups, access, reference, GroupState.FAILED)
        assert failed.words and failed.members and not failed.removal_failed
    finally:
        for node in nodes[1:]:
            await asyncio.to_thread(system.baremetal.unset_node_maintenance, node)
    await groups.repair(access, reference, spec, unguarded)
    whole = await observed(groups, access, reference, GroupState.COMPLETE)
    names = [member.name for member in whole.members]
    assert names == ["h-1", "h-2"] and {m.server_id for m in whole.members} & {m.server_id for m in failed.members}
    await groups.remove(access, reference, unguarded)
    await observed(groups, access, reference, GroupState.GONE)
    for node in nodes:
        await asyncio.to_thread(wait_node, system, node, "available")


async def test_a_heat_that_is_away_is_a_passing_trouble(world, groups, spec):
    auth = {"auth_url": "http://127.0.0.1:9/v3", "token": "x", "project_id": "x"}
    nowhere = CloudAccess("v3token", auth, "alpha")
    with pytest.raises(CloudFailure):
        await groups.find(nowhere, spec.cluster_id, spec.cluster_name, spec.key)


async def test_a_credential_is_asked_for_once_and_anew_when_the_cloud_refuses_it(world, groups, spec):
    project = (await world.person()).projects[0]
    credentials, mandate = world.cluster.context.deps.credentials, Mandate(world.mandate(project))
    before = asked_of_identity(world)
    first = await credentials.of(project, "alpha", mandate)
    assert await credentials.of(project, "alpha", mandate) is first
    assert asked_of_identity(world) == before + 1
    await credentials.of(project, "alpha", Mandate(world.mandate(project)))
    assert asked_of_identity(world) == before + 2
    keystone = world.cloud.connect("admin").identity
    keystone.delete_user(next(iter(keystone.users(name=f"cloudpoint-{project}"))))
    access = CloudAccess(first.auth_type, first.auth, first.region)
    with pytest.raises(CloudFailure, match="credential"):
        await groups.find(access, spec.cluster_id, spec.cluster_name, spec.key)
    await credentials.of(project, "alpha", mandate)
    assert asked_of_identity(world) == before + 3


async def test_a_credential_is_used_on_by_whom_it_was_given_to_while_identity_is_away(world, monkeypatch):
    project = (await world.person()).projects[0]
    monkeypatch.setattr(cloud_credentials, "REMEMBERED_SECONDS", 0.0)
    process = world.cluster.process
    async with linked(world.running["identity"].url) as link:
        client = ServiceClient("identity", link.url, process.credentials, process.transport)
        credentials, mandate = CloudCredentials(Identity(client)), Mandate(world.mandate(project))
        first = await credentials.of(project, "alpha", mandate)
        await link.cut()
        assert await credentials.of(project, "alpha", mandate) == first
        with pytest.raises(Unavailable):
            await credentials.of(project, "alpha", Mandate(world.mandate(project)))
        monkeypatch.setattr(cloud_credentials, "LATE_SECONDS", 0.0)
        with pytest.raises(Unavailable):
            await credentials.of(project, "alpha", mandate)


def asked_of_identity(world) -> int:
    """Return how often identity was asked for credentials."""
    lines = world.running["identity"].process.metrics.render().decode().splitlines()
    found = [line for line in lines if line.startswith("cloudpoint_requests_total") and "/credential" in line]
    return sum(int(float(line.split()[-1])) for line in found)
