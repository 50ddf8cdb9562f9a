"""What no cloud can build, ordered before the other tests and looked at after them: a cloud tries for minutes.

A stack asks for more of a node than there is; another, and a server without a stack, get nodes whose BMC takes no
virtual media.
"""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from lab.simcloud.tests.bmc import Bmc
from services.chassis.cloud import CloudAccess, CloudThreads
from services.identity.adapters.keystone import CloudDirectory
from services.identity.config import CloudSettings
from tests.contract.openstack.api import Api
from tests.contract.openstack.cloud import Cloud
from tests.contract.openstack.groups import Heat, order
from tests.contract.openstack.stage import (
    CUSTOM_CLASS,
    IRONIC,
    NAME,
    PASSWORD,
    Stage,
    clear,
    enrolled,
    flavored,
    provide,
    schedulable,
    scrapped,
    until,
    without_flavor,
)

DOOMED = f"{NAME}-doomed"
NOWHERE, BROKEN, ALONE = f"{DOOMED}-nowhere", f"{DOOMED}-broken", f"{DOOMED}-alone"
STACKS = (NOWHERE, BROKEN)
# Nodes whose BMC takes no media, by the name of what gets them; each is the only one of its class.
CLASSES = {name: f"CUSTOM_{name.upper().replace('-', '_')}" for name in (BROKEN, ALONE)}


@dataclass(frozen=True)
class Doomed:
    """The paths of both stacks, the id of the server, and the ids of the nodes."""

    access: CloudAccess
    member: Api
    heat: Heat
    paths: dict[str, str]
    server_id: str
    nodes: dict[str, str]

    def failed(self, name: str) -> str:
        """The path of a stack, once it has failed."""
        assert self.heat.reach(self.paths[name], "CREATE_FAILED", seconds=60)[-1] == "CREATE_FAILED"
        return self.paths[name]


@contextmanager
def doomed_builds(cloud: Cloud, threads: CloudThreads, stage: Stage) -> Iterator[Doomed]:
    """Order everything, in a project of its own; it is taken away at the end."""
    admin, system = cloud.api(cloud.access("admin")), cloud.api(cloud.access("system"))
    with ExitStack() as after:
        access = _access(cloud, threads, admin, after)
        nodes = _nodes(cloud, system, after)
        flavors = {}
        for name, wanted, count in ((NOWHERE, CUSTOM_CLASS, 2), *((name, CLASSES[name], 1) for name in CLASSES)):
            flavors[name] = flavored(admin, name, wanted, count)
            after.callback(without_flavor, admin, name)
        for name, node in nodes.items():
            there = lambda name=name, node=node: schedulable(admin, node, CLASSES[name])  # noqa: E731
            until(there, 60 * cloud.patience, f"{name} is schedulable")
        member = cloud.api(access)
        after.callback(clear, member)
        heat = Heat(member, cloud)
        paths = {name: heat.create(order(cloud, name, ["d-1"], flavor=name)) for name in STACKS}
        yield Doomed(access, member, heat, paths, _server(member, stage, flavors[ALONE]), nodes)


def _access(cloud: Cloud, threads: CloudThreads, admin: Api, after: ExitStack) -> CloudAccess:
    settings = CloudSettings(region=cloud.region, auth=cloud.login("admin"))
    directory = CloudDirectory(cloud.name, settings, threads)
    made = asyncio.run(directory.ensure(DOOMED, "Contract suite: what can't be built", PASSWORD))
    after.callback(admin.delete, "identity", f"/projects/{made.project_id}")
    after.callback(admin.delete, "identity", f"/users/{made.user_id}")
    access = CloudAccess("v3password", directory.auth_of(made, PASSWORD), cloud.region)
    clear(cloud.api(access))
    return access


def _nodes(cloud: Cloud, system: Api, after: ExitStack) -> dict[str, str]:
    bmc = Bmc(list(CLASSES))
    bmc.takes_media = False
    after.callback(bmc.close)

    def enrol(name: str) -> str:
        scrapped(system, name)
        after.callback(scrapped, system, name)
        fields = redfish(bmc, name) | {"resource_class": CLASSES[name].removeprefix("CUSTOM_").lower()}
        return enrolled(system, name, cloud.patience, **fields)

    with ThreadPoolExecutor(len(CLASSES)) as pool:
        return dict(zip(CLASSES, pool.map(enrol, CLASSES), strict=True))


def redfish(bmc: Bmc, name: str) -> dict[str, Any]:
    """The fields of a node whose machine a BMC stands for, booted from virtual media as the lab's."""
    return {"driver": "redfish", "driver_info": bmc.driver_info(name), "deploy_interface": "ramdisk"}


@contextmanager
def silent_node(cloud: Cloud) -> Iterator[str]:
    """The id of a node that Ironic is to verify, and whose BMC does not answer: it tries for a minute or more."""
    system, name = cloud.api(cloud.access("system")), f"{NAME}-silent"
    info = {"redfish_address": "http://127.0.0.1:1", "redfish_system_id": "/redfish/v1/Systems/1"}
    info |= {"redfish_username": "admin", "redfish_password": "secret"}
    system.delete("baremetal", f"/v1/nodes/{name}", version=IRONIC)
    body = {"name": name, "driver": "redfish", "driver_info": info, "resource_class": name}
    node_id = str(system.post("baremetal", "/v1/nodes", body, version=IRONIC).of(201)["uuid"])
    provide(system, node_id, "manage")
    yield node_id
    gone = lambda: system.delete("baremetal", f"/v1/nodes/{node_id}", version=IRONIC).status in (204, 404)  # noqa: E731
    until(gone, 60 * cloud.patience, f"{name} is gone")


def _server(member: Api, stage: Stage, flavor_id: str) -> str:
    network = [{"uuid": stage.network_id}]
    body: dict[str, Any] = {"name": ALONE, "flavorRef": flavor_id, "imageRef": stage.image_id, "networks": network}
    server = member.post("compute", "/servers", {"server": body | {"config_drive": True}}, version="2.96")
    return str(server.of(202)["server"]["id"])
