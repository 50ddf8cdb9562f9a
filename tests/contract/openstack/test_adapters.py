"""Our own adapters, unchanged, on whatever cloud this is."""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from services.chassis.cloud import CloudAccess, CloudThreads
from services.chassis.errors import NotFound
from services.cluster.adapters.heat import HeatMachineGroups
from services.cluster.domain.machine_group import GroupSpec, GroupState, Observation
from services.node.adapters.ironic import Ironic
from services.node.config import CloudSettings
from tests.contract.openstack.api import Api
from tests.contract.openstack.cloud import Cloud
from tests.contract.openstack.groups import INFRASTRUCTURE, Heat, order, small
from tests.contract.openstack.stage import NAME, NODES, Stage, node_of, until

NOWHERE = "00000000-0000-4000-8000-000000000000"


async def unguarded() -> None:
    """Nobody else works on these groups."""


@pytest.fixture
def groups(threads: CloudThreads) -> HeatMachineGroups:
    return HeatMachineGroups(threads)


@pytest.fixture
def ironic(cloud: Cloud, threads: CloudThreads) -> Ironic:
    return Ironic(threads, {cloud.name: CloudSettings(region=cloud.region, auth=cloud.login("system"))})


@pytest.fixture
def spec(cloud: Cloud) -> GroupSpec:
    body = order(cloud, "", ["a-1"])
    files = {"machine.yaml": (INFRASTRUCTURE / "machine.yaml").read_text()}
    cluster = "clu_" + "0" * 16 + "contract01"
    marks = {"operation": "op_1", "fence": "1"}
    return GroupSpec(cluster, NAME, "compute-0", body["template"], files, body["parameters"], marks)


async def observed(
    groups: HeatMachineGroups, access: CloudAccess, reference: str, state: GroupState, seconds: float
) -> Observation:
    """The group once it is in a state."""
    end = time.monotonic() + seconds
    while (seen := await groups.observe(access, reference)).state is not state:
        assert seen.state in (GroupState.CHANGING, GroupState.REMOVING) and time.monotonic() < end, seen
        await asyncio.sleep(0.1)
    return seen


async def test_a_group_is_made_found_observed_and_removed(
    groups: HeatMachineGroups, access: CloudAccess, spec: GroupSpec, cloud: Cloud
) -> None:
    wanted = (access, spec.cluster_id, spec.cluster_name, spec.key)
    assert await groups.find(*wanted) is None
    first, second = [await groups.create(access, spec, unguarded) for _ in range(2)]
    assert first == second == await groups.find(*wanted)
    seen = await observed(groups, access, first, GroupState.COMPLETE, 60 * cloud.patience)
    (member,) = seen.members
    assert member.name == "a-1" and member.server_id and member.address
    stranger = replace(spec, cluster_id="clu_" + "1" * 16 + "contract01")
    assert await groups.find(access, stranger.cluster_id, stranger.cluster_name, stranger.key) is None
    await groups.remove(access, first, unguarded)
    await observed(groups, access, first, GroupState.GONE, 60 * cloud.patience)
    await groups.remove(access, first, unguarded)
    assert (await groups.observe(access, NOWHERE)).state is GroupState.GONE


async def test_nodes_power_and_maintenance(ironic: Ironic, cloud: Cloud, stage: Stage, system: Api) -> None:
    nodes = {node.name: node for node in await ironic.nodes(cloud.name) if node.name in NODES}
    assert set(nodes) == set(NODES)
    last = nodes[NODES[-1]]
    assert (last.state, last.maintenance, last.instance_id) == ("available", False, None)
    await ironic.set_maintenance(cloud.name, last.cloud_node_id, "the contract says so")
    told = {node.name: node for node in await ironic.nodes(cloud.name)}[last.name]
    assert (told.maintenance, told.maintenance_reason) == (True, "the contract says so")
    await ironic.set_maintenance(cloud.name, last.cloud_node_id, None)
    for target, state in (("on", "power on"), ("off", "power off")):
        await ironic.set_power(cloud.name, last.cloud_node_id, target)
        done = lambda state=state: _power(system, last.cloud_node_id) == (state, None)  # noqa: E731
        await asyncio.to_thread(until, done, 30 * cloud.patience, f"the node is {state}")
    with pytest.raises(NotFound):
        await ironic.set_power(cloud.name, NOWHERE, "on")


@pytest.fixture
def raced(member: Api, stage: Stage, cloud: Cloud) -> Iterator[tuple[Heat, str]]:
    name = f"{NAME}-raced-0"
    heat = Heat(member, cloud)
    yield heat, name
    for stack in heat.ask("GET", f"/stacks?name={name}").of(200)["stacks"]:
        heat.remove(f"/stacks/{name}/{stack['id']}")


def test_creates_of_one_name_at_once_make_one_or_more_stacks(raced: tuple[Heat, str], cloud: Cloud) -> None:
    """Heat's check of names races; simcloud is told to lose it by exactly one for this name."""
    heat, name = raced

    def create(_: int) -> Any:
        return heat.ask("POST", "/stacks", small(name, tags="cloudpoint"))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(create, range(8)))
    assert {answer.status for answer in answers} <= {201, 409}
    made = {answer.body["stack"]["id"] for answer in answers if answer.status == 201}
    assert len(made) == 2 if cloud.emulated else made
    found = heat.ask("GET", f"/stacks?name={name}").of(200)["stacks"]
    assert {stack["id"] for stack in found} == made
    for stack_id in made:
        assert heat.reach(f"/stacks/{name}/{stack_id}", "CREATE_COMPLETE")[-1] == "CREATE_COMPLETE"


def _power(system: Api, node_id: str) -> tuple[Any, Any]:
    node = node_of(system, node_id)
    return node["power_state"], node["reservation"]
