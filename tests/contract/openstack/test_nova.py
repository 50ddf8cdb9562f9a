"""Nova, whose servers Heat makes: states in their order, faults, limits, names of what is wrong."""

from typing import Any

import pytest

from tests.contract.openstack.api import Answer, Api
from tests.contract.openstack.builds import NOVA, Life, carrier, server_body, show
from tests.contract.openstack.cloud import Cloud
from tests.contract.openstack.groups import Seen, in_order
from tests.contract.openstack.stage import (
    CUSTOM_CLASS,
    CUSTOM_WORKER_CLASS,
    NAME,
    Stage,
    flavored,
    node_of,
    until,
    without_flavor,
)
from tests.contract.openstack.witness import Witness

NOWHERE = "00000000-0000-4000-8000-000000000000"
BUILD = [
    ("BUILD", "scheduling"),
    ("BUILD", None),
    ("BUILD", "networking"),
    ("BUILD", "block_device_mapping"),
    ("BUILD", "spawning"),
    ("ACTIVE", None),
]
DEPLOY = [("available", None), ("deploying", "active"), ("wait call-back", "active"), ("active", None)]
UNDEPLOY = [("active", None), ("deleting", "available"), ("cleaning", "available"), ("available", None)]


def test_a_server_and_its_node_go_through_their_states_in_order(life: Life, witness: Witness) -> None:
    witness.see("nova/created", life.answer)
    assert in_order(life.server_states.states, BUILD), life.server_states
    assert life.server_states.states[-1] == ("ACTIVE", None)
    assert {("BUILD", "spawning")} <= set(life.server_states.states)
    assert in_order(life.node_states.states, DEPLOY), life.node_states


@pytest.mark.parametrize("version", ["2.1", "2.53", NOVA])
def test_a_server_as_its_owner_sees_it(life: Life, member: Api, witness: Witness, version: str) -> None:
    witness.see(f"nova/server-{version}", show(member, life.id, version), free=["addresses", "flavor"])
    found = member.get("compute", "/servers/detail", version=version)
    servers = witness.see(f"nova/servers-{version}", found, free=["addresses", "flavor"])["servers"]
    assert life.id in [server["id"] for server in servers]


def test_a_server_has_flavor_and_addresses(life: Life, member: Api, witness: Witness) -> None:
    server = show(member, life.id).of(200)["server"]
    witness.see(
        "nova/server-parts", Answer(200, {"flavor": server["flavor"], "address": [*server["addresses"].values()]})
    )
    witness.see("nova/servers-short", member.get("compute", "/servers", version=NOVA))
    witness.see("nova/interfaces", member.get("compute", f"/servers/{life.id}/os-interface", version=NOVA))


def test_a_server_as_an_administrator_sees_it(life: Life, admin: Api, witness: Witness) -> None:
    witness.see("nova/server-admin", show(admin, life.id), free=["addresses", "flavor"])
    everyone = admin.get("compute", f"/servers?all_tenants=1&project_id={life.stage.project_id}", version=NOVA)
    assert life.id in [server["id"] for server in everyone.of(200)["servers"]]


def test_the_node_of_a_server_names_it(life: Life, system: Api, witness: Witness) -> None:
    answer = system.get("baremetal", f"/v1/nodes/{life.node_id}", version="1.90")
    node = witness.see("nova/node", answer)
    assert node["instance_uuid"] == life.id and node["lessee"] == life.stage.project_id
    assert node["instance_info"]["display_name"] == f"{NAME}-life"


def test_the_port_of_a_server_is_bound(life: Life, member: Api, admin: Api, witness: Witness) -> None:
    found = witness.see("nova/port", member.get("network", f"/v2.0/ports?device_id={life.id}"))["ports"]
    assert [port["device_owner"] for port in found] == ["compute:nova"]
    witness.see("nova/port-admin", admin.get("network", f"/v2.0/ports/{found[0]['id']}"))


def test_a_server_in_use_is_started_and_renamed_by_nobody_else(life: Life, member: Api, witness: Witness) -> None:
    action = f"/servers/{life.id}/action"
    witness.see("nova/start-active", member.post("compute", action, {"os-start": None}, version=NOVA))


def test_a_server_that_is_deleted_frees_port_and_node(
    member: Api, system: Api, stage: Stage, cloud: Cloud, witness: Witness
) -> None:
    port = member.post("network", "/v2.0/ports", {"port": {"network_id": stage.network_id}}).of(201)["port"]
    body = server_body(stage, f"{NAME}-short", networks=[{"port": port["id"]}])
    server = member.post("compute", "/servers", body, version=NOVA).of(202)["server"]["id"]
    again = server_body(stage, f"{NAME}-second", networks=[{"port": port["id"]}])
    active = lambda: show(member, server).of(200)["server"]["status"] == "ACTIVE"  # noqa: E731
    until(active, 60 * cloud.patience, "the server is active")
    witness.see("nova/port-in-use", member.post("compute", "/servers", again, version=NOVA))
    node = carrier(system, stage, server)["uuid"]
    states = Seen()
    member.delete("compute", f"/servers/{server}").of(204)
    witness.see("nova/deleting", show(member, server), free=["addresses", "flavor"])

    def returned() -> bool:
        now = node_of(system, node)
        states.note((now["provision_state"], now["target_provision_state"]))
        return bool(now["provision_state"] == "available" and now["reservation"] is None)

    until(returned, 60 * cloud.patience, "the node is available again")
    assert in_order(states.states, UNDEPLOY) and len(states.states) > 1, states
    until(lambda: show(member, server).status == 404, 60 * cloud.patience, "the server is gone")
    freed = member.get("network", f"/v2.0/ports/{port['id']}")
    left = witness.see("nova/port-freed", freed)["port"]
    assert (left["device_id"], left["device_owner"], left["status"]) == ("", "", "DOWN")
    member.delete("network", f"/v2.0/ports/{port['id']}").of(204)


def test_no_valid_host_is_a_fault(member: Api, admin: Api, stage: Stage, cloud: Cloud, witness: Witness) -> None:
    flavor_id = flavored(admin, f"{NAME}-two", CUSTOM_CLASS, 2)
    server = ""
    try:
        body = server_body(stage, f"{NAME}-nowhere", flavorRef=flavor_id)
        server = member.post("compute", "/servers", body, version=NOVA).of(202)["server"]["id"]
        failed = lambda: show(member, server).of(200)["server"]["status"] == "ERROR"  # noqa: E731
        until(failed, 60 * cloud.patience, "the server is in ERROR")
        shown = witness.see("nova/no-valid-host", show(member, server), free=["addresses", "flavor"])["server"]
        assert shown["fault"]["message"].startswith("No valid host was found.")
        witness.see("nova/no-valid-host-admin", show(admin, server), free=["addresses", "flavor"])
    finally:
        member.delete("compute", f"/servers/{server}")
        until(lambda: show(member, server).status == 404, 60 * cloud.patience, "the server is gone")
        without_flavor(admin, f"{NAME}-two")


@pytest.mark.parametrize(
    ("case", "fields"),
    [
        ("image", {"imageRef": NOWHERE}),
        ("flavor", {"flavorRef": "nothing"}),
        ("network", {"networks": [{"uuid": NOWHERE}]}),
        ("port", {"networks": [{"port": NOWHERE}]}),
        ("key", {"key_name": "nobodys"}),
        ("name", {"name": ""}),
        ("field", {"colour": "red"}),
        ("pinned", {"hypervisor_hostname": NOWHERE}),
        ("zone", {"availability_zone": "mars"}),
    ],
)
def test_an_order_that_makes_no_sense(
    member: Api, stage: Stage, witness: Witness, case: str, fields: dict[str, Any]
) -> None:
    answer = member.post("compute", "/servers", server_body(stage, f"{NAME}-wrong", **fields), version=NOVA)
    assert answer.status in (400, 403)
    witness.see(f"nova/wrong-{case}", answer)


def test_what_is_not_there(member: Api, witness: Witness) -> None:
    for case, path in (
        ("server", f"/servers/{NOWHERE}"),
        ("flavor", "/flavors/nothing"),
        ("key", "/os-keypairs/nobodys"),
        ("specs", "/flavors/nothing/os-extra_specs"),
    ):
        witness.see(f"nova/missing-{case}", member.get("compute", path, version=NOVA))
    witness.see("nova/missing-delete", member.delete("compute", f"/servers/{NOWHERE}", version=NOVA))


def test_what_a_member_may_not_see(member: Api, witness: Witness) -> None:
    for case, path in (("everyone", "/servers?all_tenants=1"), ("services", "/os-services")):
        witness.see(f"nova/forbidden-{case}", member.get("compute", path, version=NOVA))


def test_limits_and_quotas(member: Api, admin: Api, stage: Stage, witness: Witness) -> None:
    witness.see("nova/limits", member.get("compute", "/limits"))
    witness.see("nova/limits-new", member.get("compute", "/limits", version=NOVA))
    for version in ("2.1", NOVA):
        quota = member.get("compute", f"/os-quota-sets/{stage.project_id}", version=version)
        witness.see(f"nova/quota-{version}", quota)
        detail = admin.get("compute", f"/os-quota-sets/{stage.project_id}/detail", version=version)
        witness.see(f"nova/quota-detail-{version}", detail)


def test_flavors(member: Api, stage: Stage, witness: Witness) -> None:
    for version in ("2.1", NOVA):
        witness.see(
            f"nova/flavors-{version}", member.get("compute", "/flavors/detail", version=version), free=["extra_specs"]
        )
    specs = member.get("compute", f"/flavors/{stage.flavor_id}/os-extra_specs")
    assert witness.see("nova/extra-specs", specs)["extra_specs"][f"resources:{CUSTOM_WORKER_CLASS}"] == "1"


def test_key_pairs(member: Api, witness: Witness) -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtQUDZWhs8k/cZcykMkaoX7ZE7DXld8TP79HyddMVTS someone"
    body = {"keypair": {"name": NAME, "public_key": key, "type": "ssh"}}
    member.delete("compute", f"/os-keypairs/{NAME}", version=NOVA)
    witness.see("nova/key-made", member.post("compute", "/os-keypairs", body, version=NOVA))
    witness.see("nova/key-used", member.post("compute", "/os-keypairs", body, version=NOVA))
    witness.see("nova/keys", member.get("compute", "/os-keypairs", version=NOVA))
    witness.see("nova/key", member.get("compute", f"/os-keypairs/{NAME}", version=NOVA))
    member.delete("compute", f"/os-keypairs/{NAME}", version=NOVA).of(204)
    bad = {"keypair": {"name": NAME, "public_key": "no key", "type": "ssh"}}
    witness.see("nova/key-bad", member.post("compute", "/os-keypairs", bad, version=NOVA))


def test_services(admin: Api, witness: Witness) -> None:
    services = witness.see("nova/services", admin.get("compute", "/os-services", version=NOVA))["services"]
    assert "nova-compute" in {service["binary"] for service in services}
