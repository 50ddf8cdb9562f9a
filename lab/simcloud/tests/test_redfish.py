"""Servers on machines behind a Redfish BMC: config drive, power, dead BMCs, restarts."""

import base64
import io
import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pycdlib
import pytest
from openstack import exceptions

from lab.simcloud.tests.bmc import Bmc
from lab.simcloud.tests.running import CLOUD_PORTS, RunningCloud, enrol, wait_node, wait_stack, wait_until
from tests.support.ports import free_range

OPTIONS = ("--power-sync-seconds", "0.5", "--bmc-timeout-seconds", "1", "--deploy-timeout-seconds", "1")
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtQUDZWhs8k/cZcykMkaoX7ZE7DXld8TP79HyddMVTS someone"
TEMPLATE = {
    "heat_template_version": "2021-04-16",
    "resources": {
        "port": {"type": "OS::Neutron::Port", "properties": {"network": "provision"}},
        "server": {
            "type": "OS::Nova::Server",
            "properties": {
                "name": "Head.Node",
                "flavor": "bm.general",
                "image": "bm-image",
                "key_name": "ops",
                "config_drive": True,
                "metadata": {"cluster": "clu_1"},
                "user_data_format": "RAW",
                "user_data": "#cloud-config\nruncmd: []\n",
                "networks": [{"port": {"get_resource": "port"}}],
            },
        },
    },
    "outputs": {"address": {"value": {"get_attr": ["port", "fixed_ips", 0, "ip_address"]}}},
}


@pytest.fixture
def bmc() -> Iterator[Bmc]:
    double = Bmc(["m1", "m2"])
    yield double
    double.close()


@pytest.fixture
def cloud(tmp_path: Path, bmc: Bmc) -> Iterator[RunningCloud]:
    """A cloud of its own with one machine, `m1`."""
    running = RunningCloud("delta", tmp_path / "state", free_range(CLOUD_PORTS), "10.98.0.0/24", *OPTIONS)
    running.start()
    enrol(running.connect("system"), "m1", driver="redfish", driver_info=bmc.driver_info("m1"))
    running.connect("admin").compute.create_keypair(name="ops", public_key=PUBLIC_KEY)
    yield running
    assert running.stop() == 0


def drive_file(iso: bytes, name: str) -> bytes:
    """A file below openstack/latest of a config drive, whose volume name is checked."""
    volume = pycdlib.PyCdlib()
    volume.open_fp(io.BytesIO(iso))
    assert volume.pvd.volume_identifier.strip() == b"config-2"
    target = io.BytesIO()
    volume.get_file_from_iso_fp(target, rr_path=f"/openstack/latest/{name}")
    volume.close()
    return target.getvalue()


def test_a_server_powers_a_machine_with_its_config_drive(cloud: RunningCloud, bmc: Bmc) -> None:
    admin, machine = cloud.connect("admin"), bmc.systems["m1"]
    heat = cloud.heat(admin)
    stack_id = heat.stacks.create(stack_name="one", template=TEMPLATE)["stack"]["id"]
    stack = wait_stack(heat, stack_id, "CREATE_COMPLETE")
    assert (machine.power, machine.boot) == ("On", "Cd")
    assert machine.history.index("insert Floppy") < machine.history.index("On")
    assert b"CD001" in machine.content["Cd"]

    meta = json.loads(drive_file(machine.content["Floppy"], "meta_data.json"))
    server = next(iter(admin.compute.servers()))
    assert (meta["uuid"], meta["name"], meta["hostname"]) == (server.id, "Head.Node", "head-node")
    assert meta["public_keys"] == {"ops": PUBLIC_KEY}
    assert meta["meta"] == {"cluster": "clu_1"}
    assert drive_file(machine.content["Floppy"], "user_data") == b"#cloud-config\nruncmd: []\n"
    network = json.loads(drive_file(machine.content["Floppy"], "network_data.json"))
    assert network["networks"][0]["ip_address"] == stack.outputs[0]["output_value"] == "10.98.0.10"
    assert network["networks"][0]["routes"][0]["gateway"] == "10.98.0.1"
    assert network["links"][0]["ethernet_mac_address"] == next(iter(admin.network.ports())).mac_address

    heat.stacks.delete(stack_id)
    wait_stack(heat, stack_id, "DELETE_COMPLETE")
    wait_node(cloud.connect("system"), "m1", "available")
    assert machine.power == "Off"
    assert machine.media == {"Cd": None, "Floppy": None}
    assert list((cloud.state / "drives").iterdir()) == []


def test_no_config_drive_unless_asked_for(cloud: RunningCloud, bmc: Bmc) -> None:
    template = json.loads(json.dumps(TEMPLATE))
    del template["resources"]["server"]["properties"]["config_drive"]
    heat = cloud.heat(cloud.connect("admin"))
    stack_id = heat.stacks.create(stack_name="bare", template=template)["stack"]["id"]
    wait_stack(heat, stack_id, "CREATE_COMPLETE")
    assert bmc.systems["m1"].media["Cd"] is not None
    assert bmc.systems["m1"].media["Floppy"] is None


def test_power_that_somebody_changed_is_seen(cloud: RunningCloud, bmc: Bmc) -> None:
    admin, system = cloud.connect("admin"), cloud.connect("system")
    heat = cloud.heat(admin)
    wait_stack(heat, heat.stacks.create(stack_name="one", template=TEMPLATE)["stack"]["id"], "CREATE_COMPLETE")
    bmc.systems["m1"].power = "Off"
    wait_until(lambda: system.baremetal.get_node("m1").power_state == "power off")
    server = next(iter(admin.compute.servers()))
    assert server.status == "SHUTOFF"
    admin.compute.start_server(server)
    wait_until(lambda: admin.compute.get_server(server.id).status == "ACTIVE")
    assert bmc.systems["m1"].power == "On"
    admin.compute.reboot_server(server, "HARD")
    wait_until(lambda: "ForceRestart" in bmc.systems["m1"].history)


def test_a_wrong_bmc_password_keeps_the_node_in_enroll(cloud: RunningCloud, bmc: Bmc) -> None:
    system = cloud.connect("system")
    info = bmc.driver_info("m2") | {"redfish_password": "wrong"}
    node = system.baremetal.create_node(name="m2", driver="redfish", driver_info=info)
    system.baremetal.set_node_provision_state(node, "manage")
    wait_until(lambda: system.baremetal.get_node(node.id).last_error is not None)
    seen = system.baremetal.get_node(node.id)
    assert seen.provision_state == "enroll"
    assert "401" in seen.last_error
    assert seen.driver_info["redfish_password"] == "******"


def test_a_dead_bmc_fails_the_deploy_with_a_reason(cloud: RunningCloud, bmc: Bmc) -> None:
    admin, system = cloud.connect("admin"), cloud.connect("system")
    system.baremetal.set_node_maintenance("m1")
    enrol(system, "m2", driver="redfish", driver_info=bmc.driver_info("m2"))
    bmc.answering = False
    image, flavor = admin.image.find_image("bm-image"), admin.compute.find_flavor("bm.general")
    network = admin.network.find_network("provision")
    server = admin.compute.create_server(
        name="unlucky", image_id=image.id, flavor_id=flavor.id, networks=[{"uuid": network.id}]
    )
    seen: set[str] = set()

    def failed() -> bool:
        seen.add(system.baremetal.get_node("m2").provision_state)
        return bool(admin.compute.get_server(server.id).status == "ERROR")

    wait_until(failed, 60)
    fault: Any = admin.compute.get_server(server.id).fault
    assert fault["code"] == 500
    assert "Exhausted all hosts available for retrying build failures" in fault["message"]
    node = system.baremetal.get_node("m2")
    assert {"deploying", "deleting"} & seen
    assert node.provision_state == "error"
    assert "Failed to tear down" in node.last_error or node.fault == "power failure"

    bmc.answering = True
    system.baremetal.set_node_provision_state(node, "deleted")
    wait_node(system, node.id, "available")
    admin.compute.delete_server(server)
    wait_until(lambda: not list(admin.compute.servers()))


def test_a_silent_bmc_leads_to_maintenance_and_back(cloud: RunningCloud, bmc: Bmc) -> None:
    system = cloud.connect("system")
    bmc.answering = False
    wait_until(lambda: system.baremetal.get_node("m1").is_maintenance, 60)
    node = system.baremetal.get_node("m1")
    assert (node.fault, node.power_state) == ("power failure", None)
    assert "max retries exceeded" in node.maintenance_reason
    bmc.answering = True
    wait_until(lambda: not system.baremetal.get_node("m1").is_maintenance, 60)
    assert system.baremetal.get_node("m1").power_state == "power off"


@pytest.mark.parametrize("pause", [0.0, 0.15, 0.4, 0.8])
def test_a_killed_cloud_goes_on_where_it_was(cloud: RunningCloud, bmc: Bmc, pause: float) -> None:
    heat = cloud.heat(cloud.connect("admin"))
    stack_id = heat.stacks.create(stack_name="survivor", template=TEMPLATE)["stack"]["id"]
    time.sleep(pause)
    cloud.stop(signal.SIGKILL)
    cloud.start()
    admin = cloud.connect("admin")
    heat = cloud.heat(admin)
    wait_stack(heat, stack_id, "CREATE_COMPLETE")
    assert len(list(admin.compute.servers())) == len(list(admin.network.ports())) == 1
    assert bmc.systems["m1"].power == "On"
    heat.stacks.delete(stack_id)
    time.sleep(pause)
    cloud.stop(signal.SIGKILL)
    cloud.start()
    heat = cloud.heat(cloud.connect("admin"))
    wait_stack(heat, stack_id, "DELETE_COMPLETE")
    wait_node(cloud.connect("system"), "m1", "available")
    assert bmc.systems["m1"].power == "Off"


def test_an_operator_may_deploy_without_nova(cloud: RunningCloud, bmc: Bmc) -> None:
    system = cloud.connect("system")
    with pytest.raises(exceptions.BadRequestException, match="image_source"):
        system.baremetal.set_node_provision_state("m1", "active")
    image = cloud.connect("admin").image.find_image("bm-image")
    system.baremetal.update_node("m1", instance_info={"image_source": image.id})
    drive = {"meta_data": {"uuid": "u-1", "name": "alone"}, "user_data": "#!/bin/sh\n"}
    system.baremetal.set_node_provision_state("m1", "active", config_drive=drive)
    wait_node(system, "m1", "active")
    assert json.loads(drive_file(bmc.systems["m1"].content["Floppy"], "meta_data.json"))["name"] == "alone"
    with pytest.raises(exceptions.BadRequestException, match="configdrive"):
        system.baremetal.set_node_provision_state("m1", "rebuild", config_drive=base64.b64encode(b"x").decode())
