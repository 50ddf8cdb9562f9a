"""What failed on a node is told for as long as it is given back, though Ironic has forgotten it by then."""

from lab.simcloud.knobs.client import Knobs
from lab.simcloud.tests.running import enrol, wait_node
from services.node.domain.failed_deploys import FailedDeploys
from services.node.tests.machines import machine


def _errors(nodes):
    return [node.last_error for node in nodes]


def test_an_error_that_was_seen_stays_until_the_node_is_free():
    deploys = FailedDeploys()
    deploys.told([machine(1, state="deploy failed", last_error="no power")], {})
    taken_back = [machine(1, state="deleting")]
    assert deploys.suspects(taken_back) == []
    assert _errors(deploys.told(taken_back, {})) == ["no power"]
    assert _errors(deploys.told([machine(1, state="error")], {})) == ["no power"]
    assert _errors(deploys.told([machine(1)], {})) == [None]
    assert _errors(deploys.told([machine(1, state="deleting")], {})) == [None]


def test_one_that_failed_between_two_looks_is_a_suspect_and_one_in_service_is_none():
    deploys = FailedDeploys()
    deploys.told([machine(1, state="deploying"), machine(2, state="active", last_error="old")], {})
    seen = [machine(1, state="deleting"), machine(2, state="deleting")]
    assert deploys.suspects(seen) == ["uuid-0001"]
    assert _errors(deploys.told(seen, {"uuid-0001": "no media"})) == ["no media", None]
    assert deploys.suspects(seen) == []


async def test_a_look_goes_on_when_the_history_can_not_be_read(node, operator, system, cloud):
    broken = enrol(system, "unread", resource_class="other")
    watch = node.context.watches["alpha"]
    with Knobs(cloud.state) as knobs:
        for state in ("deploying", "deleting"):
            held = knobs.on_work("node", "hold", name="unread", state=state)
            system.baremetal.set_node_provision_state(broken, {"deploying": "active", "deleting": "deleted"}[state])
            knobs.wait_fired(held)
            refused = knobs.on_call("error", service="ironic", path="/v1/nodes/*/history", status=500)
            await watch.look()
            shown = (await node.client.get("/v1/nodes/unread", headers=operator())).json()
            assert shown["state"] == state
            fired = knobs.remove(refused)["fired"]
            knobs.remove(held)
            wait_node(system, broken.id, "active", "available")
        assert fired
    system.baremetal.delete_node(broken)


async def test_the_watch_finds_it_in_the_nodes_history(node, operator, system, cloud):
    broken = enrol(system, "broken", resource_class="other")
    watch = node.context.watches["alpha"]
    with Knobs(cloud.state) as knobs:
        held = knobs.on_work("node", "hold", name="broken", state="deploying")
        knobs.on_work("node", "fail", name="broken", state="deploying", reason="The BMC hangs.")
        system.baremetal.set_node_provision_state(broken, "active")
        knobs.wait_fired(held)
        await watch.look()
        knobs.remove(held)
        wait_node(system, broken.id, "deploy failed")
        held = knobs.on_work("node", "hold", name="broken", state="deleting")
        system.baremetal.set_node_provision_state(broken, "deleted")
        knobs.wait_fired(held)
        await watch.look()
        shown = (await node.client.get("/v1/nodes/broken", headers=operator())).json()
        assert shown["state"] == "deleting" and "The BMC hangs." in shown["last_error"]
        knobs.clear()
    wait_node(system, broken.id, "available")
    system.baremetal.delete_node(broken)
