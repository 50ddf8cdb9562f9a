"""What the suite makes at a cloud before its tests and takes away after them; all of it is named ``contract…``."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from services.chassis.cloud import CloudAccess, CloudThreads
from services.identity.adapters.keystone import CloudDirectory
from services.identity.config import CloudSettings
from tests.contract.openstack.api import Api
from tests.contract.openstack.cloud import Cloud

NAME = "contract"
NODES = tuple(f"{NAME}-node-{number}" for number in range(3))
RESOURCE_CLASS = "contract"
CUSTOM_CLASS = "CUSTOM_CONTRACT"
PASSWORD = "contract-secret-1"
IRONIC = "1.90"
NEXT_VERB = {"enroll": "manage", "manageable": "provide"}


@dataclass(frozen=True)
class Stage:
    """Ids of what was made; ``names`` are texts of this cloud and the words to put for them in a comparison."""

    access: CloudAccess
    project_id: str
    user_id: str
    flavor_id: str
    image_id: str
    network_id: str
    nodes: dict[str, str]
    names: dict[str, str]


@contextmanager
def staged(cloud: Cloud, threads: CloudThreads, *, keep: bool) -> Iterator[Stage]:
    """Make the stage; what a killed run left is taken up or taken away first."""
    admin, system = cloud.api(cloud.access("admin")), cloud.api(cloud.access("system"))
    settings = CloudSettings(region=cloud.region, auth=cloud.login("admin"))
    directory = CloudDirectory(cloud.name, settings, threads)
    made = asyncio.run(directory.ensure(NAME, "Contract suite", PASSWORD))
    auth = {"auth_url": cloud.auth_url, "user_id": made.user_id, "password": PASSWORD, "project_id": made.project_id}
    access = CloudAccess("v3password", auth, cloud.region)
    clear(cloud.api(access))
    try:
        nodes = {name: _enrolled(system, name, cloud.patience) for name in NODES}
        flavor = _flavor(admin)
        for node in nodes.values():
            until(lambda node=node: _schedulable(admin, node), 60 * cloud.patience, f"{node} is schedulable")
        image = _first(admin.get("image", f"/v2/images?name={cloud.image}"), "images")
        network = _first(admin.get("network", f"/v2.0/networks?name={cloud.network}"), "networks")
        conductors = system.get("baremetal", "/v1/conductors", version=IRONIC).of(200)["conductors"]
        names = {cloud.region: "region", made.project_id: "project", made.user_id: "user"}
        names |= {conductor["hostname"]: "conductor" for conductor in conductors}
        yield Stage(access, made.project_id, made.user_id, flavor, image["id"], network["id"], nodes, names)
    finally:
        clear(cloud.api(access))
        if not keep:
            for name in NODES:
                _scrapped(system, name)
            _without_flavor(admin)
            admin.delete("identity", f"/users/{made.user_id}")
            admin.delete("identity", f"/projects/{made.project_id}")


def until(holds: Callable[[], Any], seconds: float, what: str) -> Any:
    """Return what ``holds`` gives once it is true; TimeoutError else."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.05)
    return found


def clear(member: Api) -> None:
    """Take every stack, server, port and network of the suite's project away."""
    for stack in member.get("orchestration", "/stacks").of(200)["stacks"]:
        member.delete("orchestration", f"/stacks/{stack['stack_name']}/{stack['id']}")
    until(lambda: _no_stack(member), 240, "no stack is left")
    for server in member.get("compute", "/servers").of(200)["servers"]:
        member.delete("compute", f"/servers/{server['id']}")
    until(lambda: not member.get("compute", "/servers").of(200)["servers"], 120, "no server is left")
    mine = f"?project_id={member.project_id}"
    for noun in ("ports", "subnets", "networks"):
        for item in member.get("network", f"/v2.0/{noun}{mine}").of(200)[noun]:
            member.delete("network", f"/v2.0/{noun}/{item['id']}")


def _no_stack(member: Api) -> bool:
    """Tell whether all stacks are gone; one whose removal failed is asked for again."""
    left = member.get("orchestration", "/stacks").of(200)["stacks"]
    for stack in left:
        if stack["stack_status"] == "DELETE_FAILED":
            member.delete("orchestration", f"/stacks/{stack['stack_name']}/{stack['id']}")
    return not left


def _first(answer: Any, noun: str) -> Any:
    return answer.of(200)[noun][0]


def _enrolled(system: Api, name: str, patience: float) -> str:
    """A fake node that is available and off; its id."""
    found = system.get("baremetal", f"/v1/nodes/{name}", version=IRONIC)
    if found.status == 404:
        body = {"name": name, "driver": "fake-hardware", "resource_class": RESOURCE_CLASS}
        found = system.post("baremetal", "/v1/nodes", body, version=IRONIC)
    node_id = str(found.body["uuid"])
    lead(system, node_id, "available", 60 * patience)
    return node_id


def node_of(system: Api, node_id: str) -> Any:
    """The node with all its fields."""
    return system.get("baremetal", f"/v1/nodes/{node_id}", version=IRONIC).of(200)


def provide(system: Api, node_id: str, verb: str) -> None:
    """Ask for a provision state."""
    system.put("baremetal", f"/v1/nodes/{node_id}/states/provision", {"target": verb}, version=IRONIC).of(202)


def lead(system: Api, node_id: str, state: str, seconds: float) -> None:
    """Lead a node to ``available`` from wherever it is on the way there, powered off (Nova takes no other)."""
    asked = set()

    def there() -> bool:
        node = node_of(system, node_id)
        now = node["provision_state"]
        if node["reservation"] is None and now in NEXT_VERB and now not in asked:
            asked.add(now)
            if now == "manageable":
                _off(system, node_id)
            provide(system, node_id, NEXT_VERB[now])
        return bool(now == state and node["reservation"] is None and node["power_state"] == "power off")

    until(there, seconds, f"{node_id} is {state}")


def _off(system: Api, node_id: str) -> None:
    system.put("baremetal", f"/v1/nodes/{node_id}/states/power", {"target": "power off"}, version=IRONIC)
    until(lambda: node_of(system, node_id)["power_state"] == "power off", 60, f"{node_id} is off")
    until(lambda: node_of(system, node_id)["reservation"] is None, 60, f"{node_id} is unlocked")


def _scrapped(system: Api, name: str) -> None:
    found = system.get("baremetal", f"/v1/nodes/{name}", version=IRONIC)
    if found.status == 404:
        return
    until(lambda: _settled(node_of(system, name)), 120, f"{name} is at rest")
    system.delete("baremetal", f"/v1/nodes/{name}/maintenance", version=IRONIC)
    if node_of(system, name)["provision_state"] in ("available", "active", "deploy failed", "error"):
        until(lambda: system.delete("baremetal", f"/v1/nodes/{name}", version=IRONIC).status != 409, 60, f"{name} gone")


def _settled(node: Any) -> bool:
    return node["reservation"] is None and node["instance_uuid"] is None


def _flavor(admin: Api) -> str:
    _without_flavor(admin)
    body = {"flavor": {"name": NAME, "ram": 1024, "vcpus": 1, "disk": 10}}
    flavor = admin.post("compute", "/flavors", body).of(200)["flavor"]
    specs = {f"resources:{CUSTOM_CLASS}": "1"} | dict.fromkeys(
        ("resources:VCPU", "resources:MEMORY_MB", "resources:DISK_GB"), "0"
    )
    admin.post("compute", f"/flavors/{flavor['id']}/os-extra_specs", {"extra_specs": specs}).of(200)
    return str(flavor["id"])


def _without_flavor(admin: Api) -> None:
    for flavor in admin.get("compute", "/flavors").of(200)["flavors"]:
        if flavor["name"] == NAME:
            admin.delete("compute", f"/flavors/{flavor['id']}")


def _schedulable(admin: Api, node_id: str) -> bool:
    """Tell whether Placement would give the node away."""
    path = f"/allocation_candidates?resources={CUSTOM_CLASS}:1"
    found = admin.get("placement", path, version="1.36")
    return bool(found.status == 200 and node_id in found.body["provider_summaries"])
