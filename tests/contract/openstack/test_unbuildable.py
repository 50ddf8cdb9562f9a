"""Builds that fail: what Nova says of the server, Heat of the stack and its resources, and what our adapter reads."""

from itertools import pairwise

import pytest

from services.chassis.cloud import CloudThreads
from services.cluster.adapters.heat import HeatMachineGroups
from services.cluster.domain.machine_group import GroupState
from services.node.adapters.ironic import Ironic
from services.node.config import CloudSettings as NodeCloud
from tests.contract.openstack.api import Api
from tests.contract.openstack.cloud import Cloud
from tests.contract.openstack.doomed import ALONE, BROKEN, NOWHERE, STACKS, Doomed
from tests.contract.openstack.stage import node_of, until
from tests.contract.openstack.witness import Witness

FREE = ("parameters", "properties_data", "environment", "addresses", "flavor")
EXHAUSTED = "Exceeded maximum number of retries. Exhausted all hosts available for retrying build failures"
WORDS = {NOWHERE: "No valid host was found.", BROKEN: EXHAUSTED}


def test_a_server_whose_only_node_fails_is_in_error_and_the_node_is_free_again(
    doomed: Doomed, system: Api, cloud: Cloud, witness: Witness
) -> None:
    show = lambda: doomed.member.get("compute", f"/servers/{doomed.server_id}", version="2.96")  # noqa: E731
    until(lambda: show().of(200)["server"]["status"] == "ERROR", 60 * cloud.patience, "the server is in ERROR")
    server = witness.see("unbuildable/server", show(), free=FREE)["server"]
    assert server["fault"]["message"].startswith(EXHAUSTED)
    free = lambda: node_of(system, doomed.nodes[ALONE])["provision_state"] == "available"  # noqa: E731
    until(free, 60 * cloud.patience, "the node is free again")
    node = node_of(system, doomed.nodes[ALONE])
    assert node["instance_uuid"] is None
    witness.hold_body("unbuildable/node-after", {key: node[key] for key in ("last_error", "maintenance", "fault")})


async def test_what_failed_stays_in_the_nodes_history_when_the_node_is_free_again(
    doomed: Doomed, system: Api, cloud: Cloud, threads: CloudThreads
) -> None:
    node_id = doomed.nodes[ALONE]
    free = lambda: node_of(system, node_id)["provision_state"] == "available"  # noqa: E731
    until(free, 120 * cloud.patience, "the node is free again")
    history = system.get("baremetal", f"/v1/nodes/{node_id}/history", version="1.78").of(200)["history"]
    errors = [item for item in history if item["severity"] == "ERROR"]
    assert errors and all(set(item) == {"uuid", "created_at", "severity", "event", "links"} for item in errors)
    assert system.get("baremetal", f"/v1/nodes/{node_id}/history", version="1.77").status == 404
    login = cloud.login("system")
    ironic = Ironic(threads, {cloud.name: NodeCloud(region=cloud.region, auth=login)})
    said = (await ironic.newest_errors(cloud.name, [node_id]))[node_id]
    assert said.startswith("Deploy step deploy.deploy failed: ") and said in [item["event"] for item in errors]


@pytest.mark.parametrize("name", STACKS)
def test_a_stack_has_failed_in_the_words_of_the_first_failure(doomed: Doomed, witness: Witness, name: str) -> None:
    shown = doomed.heat.ask("GET", doomed.failed(name))
    stack = witness.see(f"unbuildable/stack-{name}", shown, free=FREE)["stack"]
    assert WORDS[name] in stack["stack_status_reason"]


@pytest.mark.parametrize("name", STACKS)
def test_its_resources_tell_their_states(doomed: Doomed, witness: Witness, name: str) -> None:
    found = doomed.heat.ask("GET", f"{doomed.failed(name)}/resources?nested_depth=2")
    resources = witness.see(f"unbuildable/resources-{name}", found)["resources"]
    states = {item["resource_type"]: item["resource_status"] for item in resources}
    assert states["OS::Neutron::Port"] == "CREATE_COMPLETE" and states["OS::Nova::Server"] == "CREATE_FAILED"


@pytest.mark.parametrize("name", STACKS)
def test_its_events_tell_of_each_try(doomed: Doomed, witness: Witness, name: str) -> None:
    """From which state to which each resource went, each step once, however often it was tried."""
    path = f"{doomed.failed(name)}/events?nested_depth=2&sort_dir=asc"
    events = witness.see(f"unbuildable/events-{name}", doomed.heat.ask("GET", path))["events"]
    steps = {}
    for resource in (name, "machines", "port", "server"):
        states = [event["resource_status"] for event in events if event["resource_name"] == resource]
        steps[resource] = "; ".join(sorted({f"{one} → {other}" for one, other in pairwise(states)}))
    witness.hold(f"unbuildable/steps-{name}", steps)


@pytest.mark.parametrize("name", STACKS)
async def test_our_adapter_reads_a_failed_group_in_the_clouds_words(
    doomed: Doomed, threads: CloudThreads, name: str
) -> None:
    reference = doomed.failed(name).rpartition("/")[2]
    seen = await HeatMachineGroups(threads).observe(doomed.access, reference)
    assert seen.state is GroupState.FAILED and not seen.removal_failed
    assert WORDS[name] in (seen.words or "")
