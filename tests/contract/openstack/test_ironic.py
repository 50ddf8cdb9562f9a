"""Ironic, as the node service reads nodes and changes power and maintenance."""

from collections.abc import Iterator
from typing import Any

import pytest

from lab.simcloud.tests.bmc import Bmc
from services.node.adapters import ironic as adapter
from tests.contract.openstack.api import Api
from tests.contract.openstack.cloud import Cloud
from tests.contract.openstack.doomed import redfish
from tests.contract.openstack.groups import Seen, in_order
from tests.contract.openstack.stage import IRONIC, NAME, NODES, RESOURCE_CLASS, Stage, lead, node_of, provide, until
from tests.contract.openstack.witness import Witness

FIELDS = ",".join(adapter._FIELDS)
NOWHERE = "00000000-0000-4000-8000-000000000000"


def ask(api: Api, method: str, path: str, body: Any = None, version: str = IRONIC) -> Any:
    return api.ask(method, "baremetal", f"/v1/nodes{path}", body, version=version)


@pytest.fixture
def node(system: Api, stage: Stage, cloud: Cloud) -> str:
    """A free node at rest."""
    node_id = stage.nodes[NODES[-1]]
    at_rest = lambda: node_of(system, node_id)["reservation"] is None  # noqa: E731
    until(at_rest, 30 * cloud.patience, "the node is unlocked")
    return node_id


def test_a_list_with_the_fields_that_node_reads(system: Api, stage: Stage, witness: Witness) -> None:
    path = f"?fields={FIELDS}&resource_class={RESOURCE_CLASS}"
    found = witness.see("ironic/nodes-fields", ask(system, "GET", path))["nodes"]
    assert {item["name"] for item in found} == set(NODES)


@pytest.mark.parametrize("version", ["1.1", "1.72", IRONIC])
def test_a_node_with_all_its_fields(system: Api, node: str, witness: Witness, version: str) -> None:
    witness.see(f"ironic/node-{version}", ask(system, "GET", f"/{node}", version=version))


def test_lists(system: Api, witness: Witness) -> None:
    witness.see("ironic/nodes", ask(system, "GET", f"?resource_class={RESOURCE_CLASS}"))
    witness.see("ironic/nodes-detail", ask(system, "GET", f"/detail?resource_class={RESOURCE_CLASS}"))


def test_nodes_come_in_pages(system: Api, stage: Stage, witness: Witness) -> None:
    first = ask(system, "GET", f"?limit=2&resource_class={RESOURCE_CLASS}")
    page = witness.see("ironic/page", first)
    assert "limit=2" in page["next"] and f"marker={page['nodes'][-1]['uuid']}" in page["next"]
    last = ask(system, "GET", f"?limit=2&resource_class={RESOURCE_CLASS}&marker={page['nodes'][-1]['uuid']}").of(200)
    assert len(page["nodes"]) == 2 and len(last["nodes"]) == 1 and "next" not in last
    assert {item["uuid"] for item in page["nodes"] + last["nodes"]} == set(stage.nodes.values())
    witness.see("ironic/marker-unknown", ask(system, "GET", f"?limit=2&marker={NOWHERE}"))


def test_a_project_sees_no_node_that_is_not_its_own(member: Api, node: str, stage: Stage, witness: Witness) -> None:
    seen = ask(member, "GET", "").of(200)["nodes"]
    assert not {item["uuid"] for item in seen} & set(stage.nodes.values())
    witness.see("ironic/foreign", ask(member, "GET", f"/{node}"))
    target = {"target": "power on"}
    witness.see("ironic/foreign-power", ask(member, "PUT", f"/{node}/states/power", target))


def test_what_is_not_there(system: Api, witness: Witness) -> None:
    witness.see("ironic/missing-by-id", ask(system, "GET", f"/{NOWHERE}"))
    witness.see("ironic/missing-by-name", ask(system, "GET", "/nobody"))
    target = {"target": "power on"}
    witness.see("ironic/missing-power", ask(system, "PUT", f"/{NOWHERE}/states/power", target))


def test_power_goes_on_and_off(system: Api, node: str, cloud: Cloud, witness: Witness) -> None:
    for target in ("power on", "rebooting", "power off"):
        asked = ask(system, "PUT", f"/{node}/states/power", {"target": target})
        witness.see("ironic/power-accepted", asked)
        state = "power off" if target == "power off" else "power on"
        done = lambda state=state: _power(system, node) == (state, None, None)  # noqa: E731
        until(done, 30 * cloud.patience, f"the node is {state}")
    witness.see("ironic/states", ask(system, "GET", f"/{node}/states"))
    witness.see("ironic/power-unknown", ask(system, "PUT", f"/{node}/states/power", {"target": "power sideways"}))


def test_maintenance_has_a_reason(system: Api, node: str, witness: Witness) -> None:
    witness.see("ironic/maintenance-on", ask(system, "PUT", f"/{node}/maintenance", {"reason": "a fan is loud"}))
    told = node_of(system, node)
    assert (told["maintenance"], told["maintenance_reason"], told["fault"]) == (True, "a fan is loud", None)
    witness.see("ironic/maintenance-again", ask(system, "PUT", f"/{node}/maintenance", {"reason": "still loud"}))
    witness.see("ironic/maintenance-off", ask(system, "DELETE", f"/{node}/maintenance"))
    told = node_of(system, node)
    assert (told["maintenance"], told["maintenance_reason"]) == (False, None)


def test_a_verb_that_does_not_fit_the_state(system: Api, node: str, witness: Witness) -> None:
    for verb in ("manage", "adopt", "nonsense"):
        if verb == "manage":
            continue
        asked = ask(system, "PUT", f"/{node}/states/provision", {"target": verb})
        witness.see(f"ironic/verb-{verb}", asked)


def test_the_way_of_a_new_node(system: Api, cloud: Cloud, witness: Witness) -> None:
    name = f"{NAME}-new"
    body = {"name": name, "driver": "fake-hardware", "resource_class": f"{RESOURCE_CLASS}-other"}
    made = ask(system, "POST", "", body)
    node_id = witness.see("ironic/made", made)["uuid"]
    try:
        witness.see("ironic/name-used", ask(system, "POST", "", body))
        witness.see("ironic/driver-unknown", ask(system, "POST", "", body | {"driver": "nobodys", "name": "x"}))
        states = Seen()
        for verb, end in (("manage", "manageable"), ("provide", "available"), ("manage", "manageable")):
            provide(system, node_id, verb)
            until(lambda end=end: _arrived(system, node_id, states, end), 30 * cloud.patience, f"the node is {end}")
        way = ["enroll", "verifying", "manageable", "cleaning", "available", "manageable"]
        left = [state for state in states.states if state != "manageable"]
        assert in_order(left, [state for state in way if state != "manageable"]), states
        assert states.states[-1] == "manageable"
    finally:
        until(lambda: ask(system, "DELETE", f"/{node_id}").status in (204, 404), 30 * cloud.patience, "it is gone")


def test_a_bmc_that_does_not_answer_is_a_last_error(system: Api, silent: str, cloud: Cloud, witness: Witness) -> None:
    states = Seen()

    def failed() -> Any:
        node = node_of(system, silent)
        states.note(node["provision_state"])
        return node["last_error"] if node["reservation"] is None else None

    words = until(failed, 60 * cloud.patience, "the node has an error")
    assert in_order(states.states[:-1], ["verifying"]) and states.states[-1] == "enroll", states
    assert "127.0.0.1:1" in words or "port=1" in words
    witness.hold_body("ironic/silent-bmc", {"last_error": words.partition("Error")[0].strip()})
    shown = node_of(system, silent)
    assert (shown["power_state"], shown["maintenance"], shown["fault"]) == (None, False, None)
    assert shown["driver_info"]["redfish_password"] == "******"


@pytest.fixture
def held(system: Api, cloud: Cloud) -> Iterator[tuple[str, Bmc]]:
    """A manageable node, and its BMC, which a test may let hesitate."""
    name = f"{NAME}-held"
    bmc = Bmc([name])
    info = redfish(bmc, name) | {"resource_class": f"{RESOURCE_CLASS}-held"}
    ask(system, "DELETE", f"/{name}")
    node_id = ask(system, "POST", "", {"name": name, **info}).of(201)["uuid"]
    try:
        provide(system, node_id, "manage")
        until(lambda: _arrived(system, node_id, Seen(), "manageable"), 30 * cloud.patience, "the node is manageable")
        yield node_id, bmc
    finally:
        bmc.switching.set()
        ask(system, "PUT", f"/{node_id}/states/provision", {"target": "deleted"})
        until(lambda: ask(system, "DELETE", f"/{node_id}").status in (204, 404), 60 * cloud.patience, "it is gone")
        bmc.close()


def test_a_locked_node_is_a_conflict_that_passes(
    system: Api, held: tuple[str, Bmc], cloud: Cloud, witness: Witness
) -> None:
    """As long as a BMC hesitates to switch the power, Ironic's conductor holds the node's lock."""
    node, bmc = held
    bmc.switching.clear()
    ask(system, "PUT", f"/{node}/states/power", {"target": "power on"}).of(202)
    until(lambda: node_of(system, node)["reservation"], 30 * cloud.patience, "the node is locked")
    body = witness.see("ironic/locked", ask(system, "PUT", f"/{node}/states/power", {"target": "rebooting"}))
    assert "is locked by host" in str(body)
    witness.see("ironic/locked-verb", ask(system, "PUT", f"/{node}/states/provision", {"target": "provide"}))
    bmc.switching.set()
    until(lambda: _power(system, node) == ("power on", None, None), 30 * cloud.patience, "the node is on")


def test_a_deploy_whose_media_are_refused_has_failed_and_says_why(
    system: Api, held: tuple[str, Bmc], stage: Stage, cloud: Cloud, witness: Witness
) -> None:
    node, bmc = held
    lead(system, node, "available", 60 * cloud.patience)
    bmc.takes_media = False
    patch = [{"op": "add", "path": "/instance_info/image_source", "value": stage.image_id}]
    ask(system, "PATCH", f"/{node}", patch).of(200)
    way = [("active", "deploy failed"), ("deleted", "available")]
    for verb, end in way:
        states = Seen()
        provide(system, node, verb)
        until(lambda states=states, end=end: _arrived(system, node, states, end), 60 * cloud.patience, f"it is {end}")
        witness.see(f"ironic/{end.replace(' ', '-')}", ask(system, "GET", f"/{node}"))
        order = ["available", "deploying", "deploy failed"] if verb == "active" else ["deleting", "cleaning", end]
        assert in_order([state for state in states.states if state != "deploy failed" or verb == "active"], order)


def test_drivers_conductors_and_ports(system: Api, witness: Witness) -> None:
    get = lambda path: system.get("baremetal", path, version=IRONIC)  # noqa: E731
    witness.see("ironic/conductors", get("/v1/conductors"))
    witness.see("ironic/ports", get("/v1/ports"))
    names = {driver["name"] for driver in get("/v1/drivers").of(200)["drivers"]}
    assert {"fake-hardware", "redfish"} <= names


def _power(system: Api, node_id: str) -> tuple[Any, Any, Any]:
    node = node_of(system, node_id)
    return node["power_state"], node["target_power_state"], node["reservation"]


def _arrived(system: Api, node_id: str, states: Seen, end: str) -> bool:
    node = node_of(system, node_id)
    states.note(node["provision_state"])
    return bool(node["provision_state"] == end and node["reservation"] is None)
