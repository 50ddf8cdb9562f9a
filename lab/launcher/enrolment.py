"""Enrols a rack's machines in a cloud's Ironic, as an operator would, by openstacksdk."""

import time
from pathlib import Path
from typing import Any

import openstack
import yaml
from openstack.connection import Connection

from lab.launcher.processes import ServerFailed

RESOURCE_CLASS = "bm.general"
# From Ironic's state machine: what a new machine passes on its way to `available`, and the verb that leads on.
NEXT_VERB = {"enroll": "manage", "manageable": "provide"}
# States of a machine that is on that way; any other is somebody's business and left alone.
ON_THE_WAY = ("enroll", "verifying", "manageable", "cleaning", "clean wait")
DEADLINE_SECONDS = 60.0
LOOK_EVERY_SECONDS = 0.2


def operator(clouds_file: Path) -> Connection:
    """A connection with system scope: one with a project's scope sees only the nodes of that project."""
    entry = yaml.safe_load(clouds_file.read_text())["clouds"]["system"]
    auth = entry["auth"]
    return openstack.connect(
        load_yaml_config=False,
        load_envvars=False,
        region_name=entry["region_name"],
        auth=auth,
        interface="public",
    )


def enrol(connection: Connection, inventory: dict[str, Any]) -> None:
    """Make nodes and ports that are missing and bring every node to `available`. Raises ServerFailed when late."""
    known = {node.name: node for node in connection.baremetal.nodes()}
    rack = inventory["rack"]
    names = {f"{rack}-{machine['name']}" for machine in inventory["machines"]}
    for machine in inventory["machines"]:
        if f"{rack}-{machine['name']}" not in known:
            _create(connection, rack, machine)
    _lead_to_available(connection, names)


def _create(connection: Connection, rack: str, machine: dict[str, Any]) -> None:
    bmc = machine["bmc"]
    node = connection.baremetal.create_node(
        name=f"{rack}-{machine['name']}",
        driver="redfish",
        boot_interface="redfish-virtual-media",
        deploy_interface="ramdisk",
        resource_class=RESOURCE_CLASS,
        driver_info={
            "redfish_address": bmc["url"],
            "redfish_system_id": bmc["system_path"],
            "redfish_username": bmc["username"],
            "redfish_password": bmc["password"],
        },
        properties={
            "cpus": machine["cpus"],
            "memory_mb": machine["memory_mb"],
            "local_gb": machine["disk_gb"],
            "cpu_arch": "x86_64",
        },
        extra={"rack": rack, "serial": machine["serial"]},
    )
    connection.baremetal.create_port(node_id=node.id, address=machine["mac"], physical_network="physnet1")


def _lead_to_available(connection: Connection, names: set[str]) -> None:
    asked: set[tuple[str, str]] = set()
    end = time.monotonic() + DEADLINE_SECONDS
    while True:
        nodes = [node for node in connection.baremetal.nodes(details=True) if node.name in names]
        behind = [node for node in nodes if node.provision_state in ON_THE_WAY]
        if not behind:
            return
        for node in behind:
            verb = NEXT_VERB.get(node.provision_state)
            if verb and (node.id, verb) not in asked:
                asked.add((node.id, verb))
                connection.baremetal.set_node_provision_state(node, verb)
        if time.monotonic() > end:
            states = ", ".join(f"{n.name} is {n.provision_state} ({n.last_error or 'no error'})" for n in behind)
            raise ServerFailed(f"Machines did not become available in {DEADLINE_SECONDS:.0f} s: {states}")
        time.sleep(LOOK_EVERY_SECONDS)
