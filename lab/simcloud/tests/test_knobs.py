"""Knobs: faults of calls and of work, set at run time, as the real clients meet them."""

import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from heatclient import exc as heat_errors
from openstack import exceptions
from openstack.connection import Connection

from lab.simcloud.knobs.client import KnobError, Knobs
from lab.simcloud.tests.running import ROOT, RunningCloud, enrol, wait_node, wait_stack, wait_until

STACKS = "/v1/*/stacks"
TEMPLATE = {
    "heat_template_version": "2018-08-31",
    "resources": {
        "machine": {
            "type": "OS::Nova::Server",
            "properties": {"flavor": "bm.general", "image": "bm-image", "networks": [{"network": "provision"}]},
        }
    },
}
VALUE = {
    "heat_template_version": "2018-08-31",
    "resources": {"it": {"type": "OS::Heat::Value", "properties": {"value": 1}}},
}


@pytest.fixture
def knobs(cloud: RunningCloud) -> Iterator[Knobs]:
    """The cloud's knobs; all are removed afterwards."""
    with Knobs(cloud.state) as client:
        yield client
        client.clear()


def names(heat: Any, **filters: str) -> list[str]:
    return [stack.stack_name for stack in heat.stacks.list(filters=filters)]


def test_an_error_is_worded_as_the_service_would_and_has_no_effect(knobs: Knobs, admin: Connection, heat: Any) -> None:
    busy = knobs.on_call("error", service="heat", method="POST", path=STACKS)
    with pytest.raises(heat_errors.HTTPServiceUnavailable, match="currently unavailable"):
        heat.stacks.create(stack_name="refused", template=VALUE)
    knobs.on_call("error", service="nova", path="/v2.1/servers/**", status=500)
    with pytest.raises(exceptions.HttpException, match=r"Unexpected API Error\. Please report this at"):
        list(admin.compute.servers())
    knobs.on_call("error", service="ironic", body="<html>no server is available</html>", headers={"Retry-After": "7"})
    answer = admin.session.get("/v1/nodes", endpoint_filter={"service_type": "baremetal"}, raise_exc=False)
    assert (answer.status_code, answer.text) == (503, "<html>no server is available</html>")
    assert answer.headers["Retry-After"] == "7"
    assert knobs.remove(busy)["fired"] == 1
    assert "refused" not in names(heat)


def test_an_error_after_the_effect_and_a_lost_reply_leave_the_effect(knobs: Knobs, heat: Any) -> None:
    late = knobs.on_call("error", service="heat", method="POST", path=STACKS, moment="after", status=504, times=1)
    with pytest.raises(heat_errors.HTTPException):
        heat.stacks.create(stack_name="late", template=VALUE)
    lost = knobs.on_call("drop", service="heat", method="POST", path=STACKS, moment="after", times=1)
    with pytest.raises(Exception, match=r"Connection aborted|Unable to establish|ConnectionError|disconnected"):
        heat.stacks.create(stack_name="lost", template=VALUE)
    never = knobs.on_call("drop", service="heat", method="POST", path=STACKS, times=1)
    with pytest.raises(Exception, match=r"Connection aborted|Unable to establish|ConnectionError|disconnected"):
        heat.stacks.create(stack_name="never", template=VALUE)
    assert [knobs.show(one)["fired"] for one in (late, lost, never)] == [1, 1, 1]
    assert set(names(heat)) >= {"late", "lost"}
    assert "never" not in names(heat)
    for name in ("late", "lost"):
        heat.stacks.delete(name)
    wait_until(lambda: not {"late", "lost"} & set(names(heat)))


def test_which_matches_are_bitten(knobs: Knobs, cloud: RunningCloud) -> None:
    def outcomes(count: int) -> list[int]:
        return [requests.get(f"http://127.0.0.1:{cloud.base_port}/v3", timeout=5).status_code for _ in range(count)]

    place = {"service": "keystone", "method": "GET", "path": "/v3"}
    second = knobs.on_call("error", nth=2, times=2, **place)
    assert outcomes(5) == [200, 503, 503, 200, 200]
    shown = knobs.remove(second)
    assert (shown["matched"], shown["fired"]) == (5, 2)
    assert {one["what"] for one in shown["last"]} == {"keystone GET /v3"}
    rounds = []
    for _ in range(2):
        now_and_then = knobs.on_call("error", probability=0.5, seed=7, **place)
        rounds.append(outcomes(20))
        assert knobs.remove(now_and_then)["fired"] == rounds[-1].count(503)
    assert rounds[0] == rounds[1]
    assert 3 < rounds[0].count(503) < 17


def test_a_call_is_delayed_or_held_until_the_knob_is_gone(knobs: Knobs, cloud: RunningCloud) -> None:
    url = f"http://127.0.0.1:{cloud.base_port}/v3"
    slow = knobs.on_call("delay", service="keystone", path="/v3", delay_seconds=0.3)
    begun = time.monotonic()
    assert requests.get(url, timeout=5).ok
    assert time.monotonic() - begun >= 0.3
    knobs.remove(slow)
    held = knobs.on_call("hold", service="keystone", path="/v3")
    with pytest.raises(requests.Timeout):
        requests.get(url, timeout=0.3)
    assert knobs.remove(held)["fired"] == 1
    assert requests.get(url, timeout=5).ok


def test_only_calls_about_one_thing(knobs: Knobs, system: Connection, heat: Any) -> None:
    one, other = list(system.baremetal.nodes())[:2]
    knobs.on_call("error", service="ironic", about=one.id, status=500)
    with pytest.raises(exceptions.HttpException):
        system.baremetal.get_node(one.id)
    assert system.baremetal.get_node(other.id).id == other.id
    knobs.on_call("error", service="heat", about="unlucky", status=500)
    with pytest.raises(heat_errors.HTTPInternalServerError):
        heat.stacks.create(stack_name="unlucky", template=VALUE)
    created = heat.stacks.create(stack_name="unlucky-not", template=VALUE)["stack"]
    heat.stacks.delete(created["id"])


def test_a_node_stuck_in_a_state_goes_on_when_the_knob_is_gone(knobs: Knobs, system: Connection) -> None:
    stuck = knobs.on_work("node", "hold", name="stick*", state="cleaning")
    node = system.baremetal.create_node(name="sticky", driver="fake-hardware", resource_class="other")
    system.baremetal.set_node_provision_state(node, "manage")
    wait_node(system, node.id, "manageable")
    system.baremetal.set_node_provision_state(node, "provide")
    assert knobs.wait_fired(stuck)["holding"] == 1
    seen = system.baremetal.get_node(node.id)
    assert (seen.provision_state, seen.target_provision_state) == ("cleaning", "available")
    assert seen.reservation
    knobs.remove(stuck)
    system.baremetal.delete_node(wait_node(system, node.id, "available"))


def test_a_deploy_that_fails_by_a_knob_tells_its_reason(knobs: Knobs, system: Connection) -> None:
    node = enrol(system, "unlucky", resource_class="other")
    knobs.on_work("node", "fail", name=node.id, state="deploying", reason="The BMC hangs.")
    system.baremetal.set_node_provision_state(node, "active")
    seen = wait_node(system, node.id, "deploy failed")
    assert seen.last_error == "Deploy step deploy.deploy failed: The BMC hangs."
    knobs.clear()
    system.baremetal.set_node_provision_state(node, "deleted")
    system.baremetal.delete_node(wait_node(system, node.id, "available"))


def test_a_server_stuck_in_its_build_can_be_deleted(knobs: Knobs, admin: Connection, heat: Any) -> None:
    stuck = knobs.on_work("server", "hold", state="spawning")
    stack = heat.stacks.create(stack_name="spawning", template=TEMPLATE)["stack"]["id"]
    knobs.wait_fired(stuck)
    (server,) = (server for server in admin.compute.servers() if server.name.startswith("spawning-"))
    assert (server.status, server.task_state) == ("BUILD", "spawning")
    heat.stacks.delete(stack)
    wait_until(lambda: "spawning" not in names(heat))
    assert knobs.show(stuck)["holding"] == 0


def test_a_server_and_a_resource_that_fail_by_knobs(knobs: Knobs, heat: Any) -> None:
    knobs.on_work("server", "fail", state="networking", reason="No more MAC addresses.")
    stack = heat.stacks.create(stack_name="failing", template=TEMPLATE)["stack"]["id"]
    reason = wait_stack(heat, stack, "CREATE_FAILED").stack_status_reason
    assert "No more MAC addresses." in reason
    heat.stacks.delete(stack)
    wait_until(lambda: "failing" not in names(heat))
    knobs.clear()
    knobs.on_work("resource", "fail", name="named/it", state="CREATE", reason="Out of luck.")
    stack = heat.stacks.create(stack_name="named", template=VALUE)["stack"]["id"]
    assert "resources.it: " in wait_stack(heat, stack, "CREATE_FAILED").stack_status_reason
    heat.stacks.delete(stack)
    wait_until(lambda: "named" not in names(heat))


def test_a_server_that_could_be_neither_made_nor_deleted_is_replaced_by_the_next_update(
    knobs: Knobs, admin: Connection, heat: Any
) -> None:
    knobs.on_work("node", "fail", state="deploying", reason="The BMC hangs.")
    knobs.on_work("node", "fail", state="deleting", reason="The BMC hangs still.")
    stack = heat.stacks.create(stack_name="neither", template=TEMPLATE)["stack"]["id"]
    assert "Resource CREATE failed: ResourceInError: " in wait_stack(heat, stack, "CREATE_FAILED").stack_status_reason
    (server,) = (item for item in heat.resources.list(stack, nested_depth=2) if item.resource_type.endswith("Server"))
    assert server.resource_status == "DELETE_FAILED" and "delete failed" in server.resource_status_reason
    assert admin.compute.get_server(server.physical_resource_id).status == "ERROR"
    knobs.clear()
    heat.stacks.update(stack, existing=True)
    wait_stack(heat, stack, "UPDATE_COMPLETE")
    (made,) = (item for item in heat.resources.list(stack, nested_depth=2) if item.resource_type.endswith("Server"))
    assert made.physical_resource_id != server.physical_resource_id
    assert admin.compute.find_server(server.physical_resource_id) is None
    heat.stacks.delete(stack)
    wait_until(lambda: "neither" not in names(heat))


def test_a_stack_that_never_completes_and_one_whose_delete_fails(knobs: Knobs, heat: Any) -> None:
    never = knobs.on_work("stack", "hold", name="endless", state="CREATE", moment="after")
    stack = heat.stacks.create(stack_name="endless", template=VALUE)["stack"]["id"]
    knobs.wait_fired(never)
    assert heat.stacks.get(stack).stack_status == "CREATE_IN_PROGRESS"
    assert [one.resource_status for one in heat.resources.list(stack)] == ["CREATE_COMPLETE"]
    knobs.remove(never)
    wait_stack(heat, stack, "CREATE_COMPLETE")
    knobs.on_work("stack", "fail", name="endless", state="DELETE", times=1, reason="Database deadlock.")
    heat.stacks.delete(stack)
    assert "Database deadlock." in wait_stack(heat, stack, "DELETE_FAILED").stack_status_reason
    heat.stacks.delete(stack)
    wait_until(lambda: "endless" not in names(heat))


def test_the_speeds_of_a_running_cloud(knobs: Knobs, heat: Any) -> None:
    before = knobs.tuning()
    assert before["heat_retries"] == 1
    tried = knobs.on_work("resource", "fail", name="again/it", state="CREATE", reason="No.")
    assert knobs.tuning(heat_retries=0, step_seconds=0.01)["heat_retries"] == 0
    stack = heat.stacks.create(stack_name="again", template=VALUE)["stack"]["id"]
    wait_stack(heat, stack, "CREATE_FAILED")
    assert knobs.show(tried)["fired"] == 1
    with pytest.raises(KnobError, match=r"step_seconds: not below 0; heat_race_names: no regular expression"):
        knobs.tuning(step_seconds=-1, heat_race_names="(")
    assert knobs.tuning(**before) == before
    heat.stacks.delete(stack)
    wait_until(lambda: "again" not in names(heat))


def test_bad_knobs_get_all_their_errors_and_set_nothing(knobs: Knobs) -> None:
    good = {"on": "call", "effect": "drop", "id": "good"}
    with pytest.raises(KnobError, match=r"knobs\[1\].nth: .*; knobs\[1\].service: one of .*; knobs\[1\].status: "):
        knobs.put([good, {"on": "call", "effect": "error", "nth": 0, "service": "cinder", "status": 200}])
    with pytest.raises(KnobError, match="unknown field `efect`"):
        knobs.put([{"on": "call", "effect": "drop", "efect": ""}])
    assert knobs.all() == []
    knobs.put([{**good, "path": "/never"}])
    with pytest.raises(KnobError, match="There is a knob good already"):
        knobs.put([{**good, "path": "/never"}])
    with pytest.raises(KnobError, match="There is no knob bad"):
        knobs.remove("bad")


def test_the_socket_is_the_owners_alone_and_the_command_turns_the_knobs(cloud: RunningCloud, knobs: Knobs) -> None:
    assert stat.S_IMODE((cloud.state / "knobs.sock").stat().st_mode) == 0o600

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        program = [sys.executable, "-m", "lab.simcloud", *arguments, "--state", str(cloud.state)]
        return subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)

    made = command("knob", "call", "drop", "id=mine", "service=heat", "path=/never", "times=3")
    assert made.returncode == 0, made.stderr
    assert '"times": 3' in made.stdout
    assert '"fired": 0' in command("knob", "list").stdout
    refused = command("knob", "work", "node", "hold", "nth=0")
    assert (refused.returncode, "nth: matches are counted from 1" in refused.stderr) == (1, True)
    assert command("knob", "remove", "mine").returncode == 0
    assert knobs.all() == []
    assert '"heat_retries": 1' in command("tune").stdout
