"""A cloud with many nodes and stacks: filled in bulk, read in pages, started again; small sizes, the same ways."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.simcloud.knobs.client import KnobError, Knobs
from lab.simcloud.tests.running import CLOUD_PORTS, RunningCloud, wait_stack, wait_until
from tests.support.ports import free_range

NODES, STACKS = 400, 120


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """A cloud that was filled and then started again."""
    state: Path = tmp_path_factory.mktemp("filled") / "state"
    cloud = RunningCloud("filled", state, free_range(CLOUD_PORTS), "10.99.8.0/24", "--step-seconds", "0")
    cloud.start()
    with Knobs(state) as knobs:
        assert knobs.seed(nodes=NODES, stacks=STACKS) == {"nodes": NODES + STACKS, "stacks": STACKS}
        with pytest.raises(KnobError, match=r"There is a node seed-000000 already: take another prefix\."):
            knobs.seed(nodes=1)
        with pytest.raises(KnobError, match="nodes, stacks: not below 0"):
            knobs.seed(nodes=-1)
    assert cloud.stop() == 0
    cloud.start()
    yield cloud
    assert cloud.stop() == 0


def test_pages_of_nodes_by_filters_are_whole(filled: RunningCloud) -> None:
    baremetal = filled.connect("system").baremetal
    everything = [node.id for node in baremetal.nodes(limit=7)]
    assert len(everything) == len(set(everything)) == NODES + STACKS
    assert len(list(baremetal.nodes(limit=50, provision_state="available"))) == NODES
    used = list(baremetal.nodes(limit=50, details=True, associated=True))
    assert {(node.provision_state, node.power_state) for node in used} == {("active", "power on")}
    assert len(used) == STACKS
    assert baremetal.get_node(f"seed-{NODES + STACKS - 1:06d}").id == everything[-1]


def test_a_seeded_stack_is_one_like_others(filled: RunningCloud) -> None:
    admin = filled.connect("admin")
    heat: Any = filled.heat(admin)
    stacks = list(heat.stacks.list())
    assert len({stack.id for stack in stacks}) == STACKS
    stack = heat.stacks.get("stack-seed-000003")
    (server,) = admin.compute.servers(name=stack.stack_name)
    (port,) = admin.network.ports(device_id=server.id)
    assert stack.outputs[0]["output_value"] == port.fixed_ips[0]["ip_address"]
    node = filled.connect("system").baremetal.get_node("seed-000003")
    assert node.instance_id == server.id
    heat.stacks.delete(stack.id)
    wait_until(lambda: not list(heat.stacks.list(filters={"name": stack.stack_name})))
    assert filled.connect("system").baremetal.get_node(node.id).instance_id is None
    assert list(admin.network.ports(device_id=server.id)) == []


def test_lists_by_marker_and_filter_read_on_where_the_last_page_ended(filled: RunningCloud) -> None:
    admin = filled.connect("admin")
    for path, noun, service in (
        ("/servers/detail", "servers", "compute"),
        ("/v2.0/ports", "ports", "network"),
        ("/stacks", "stacks", "orchestration"),
    ):
        seen: list[str] = []
        while True:
            marker = f"&marker={seen[-1]}" if seen else ""
            where = {"service_type": service, "interface": "public"}
            page = admin.session.get(f"{path}?limit=50{marker}", endpoint_filter=where).json()[noun]
            if not page:
                break
            seen += [one["id"] for one in page]
        assert len(seen) == len(set(seen)) >= STACKS - 1


def test_a_freed_address_is_the_next_one_given(filled: RunningCloud) -> None:
    network = filled.connect("admin").network
    provision = network.find_network("provision")
    first, second = (network.create_port(network_id=provision.id) for _ in range(2))
    addresses = [port.fixed_ips[0]["ip_address"] for port in (first, second)]
    network.delete_port(first)
    again = network.create_port(network_id=provision.id)
    assert again.fixed_ips[0]["ip_address"] == addresses[0]
    for port in (second, again):
        network.delete_port(port)


def test_stacks_are_made_and_gone_among_many(filled: RunningCloud) -> None:
    heat: Any = filled.heat(filled.connect("admin"))
    template = heat.stacks.template("stack-seed-000001")
    given = {"flavor": "bm.general", "image": "bm-image"}
    made = [
        heat.stacks.create(stack_name=f"new-{number}", template=template, parameters=given)["stack"]["id"]
        for number in range(10)
    ]
    addresses = {wait_stack(heat, one, "CREATE_COMPLETE").outputs[0]["output_value"] for one in made}
    assert len(addresses) == len(made)
    for one in made:
        heat.stacks.delete(one)
    wait_until(lambda: not [stack for stack in heat.stacks.list() if stack.stack_name.startswith("new-")])
