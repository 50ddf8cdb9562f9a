"""What the suite makes at a cloud before its tests and takes away after them; all of it is named ``contract…``."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from services.chassis.cloud import CloudAccess, CloudThreads
from services.identity.adapters.keystone import CloudDirectory
from services.identity.config import CloudSettings
from tests.contract.openstack.api import Api
from tests.contract.openstack.cloud import Cloud

NAME = "contract"
# Nodes that stay at rest, so that what is said of them does not depend on when one asks; no flavor leads to them.
NODES = tuple(f"{NAME}-node-{number}" for number in range(3))
RESOURCE_CLASS = "contract"
CUSTOM_CLASS = "CUSTOM_CONTRACT"
# Nodes that servers get: a batch of two, another server, and what one test makes, or a replacement.
WORKERS = tuple(f"{NAME}-worker-{number}" for number in range(5))
WORKER_CLASS = "contract-work"
CUSTOM_WORKER_CLASS = "CUSTOM_CONTRACT_WORK"
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
    workers: dict[str, str]
    names: dict[str, str]


@contextmanager
def staged(cloud: Cloud, threads: CloudThreads, *, keep: bool) -> Iterator[Stage]:
    """Make the stage; what a killed run left is taken up or taken away first."""
    admin, system = cloud.api(cloud.access("admin")), cloud.api(cloud.access("system"))
    settings = CloudSettings(region=cloud.region, auth=cloud.login("admin"))
    directory = CloudDirectory(cloud.name, settings, threads)
    made = asyncio.run(directory.ensure(NAME, "Contract suite", PASSWORD))
    auth = {"auth_url": cloud.auth_url, "user_id": made.user_id, "password": PASSWORD, "project_id": made.project_id}
    access = CloudAccess("v3password", auth, cloud.region, call_seconds=60.0)
    clear(cloud.api(access))
    try:
        classes = dict.fromkeys(NODES, RESOURCE_CLASS) | dict.fromkeys(WORKERS, WORKER_CLASS)
        nodes = _all_enrolled(system, classes, cloud.patience)
        flavor = flavored(admin, NAME, CUSTOM_WORKER_CLASS, 1)
        for name, custom_class in ((NODES[0], CUSTOM_CLASS), *((name, CUSTOM_WORKER_CLASS) for name in WORKERS)):
            there = lambda node=nodes[name], wanted=custom_class: schedulable(admin, node, wanted)  # noqa: E731
            until(there, 60 * cloud.patience, f"{name} is schedulable")
        resting, workers = ({name: nodes[name] for name in names} for names in (NODES, WORKERS))
        image = _first(admin.get("image", f"/v2/images?name={cloud.image}"), "images")
        network = _first(admin.get("network", f"/v2.0/networks?name={cloud.network}"), "networks")
        conductors = system.get("baremetal", "/v1/conductors", version=IRONIC).of(200)["conductors"]
        names = {cloud.region: "region", made.project_id: "project", made.user_id: "user"}
        names |= {conductor["hostname"]: "conductor" for conductor in conductors}
        yield Stage(access, made.project_id, made.user_id, flavor, image["id"], network["id"], resting, workers, names)
    finally:
        clear(cloud.api(access))
        if not keep:
            for name in (*NODES, *WORKERS):
                scrapped(system, name)
            without_flavor(admin, NAME)
            admin.delete("identity", f"/users/{made.user_id}")
            admin.delete("identity", f"/projects/{made.project_id}")


def until(holds: Callable[[], Any], seconds: float, what: str) -> Any:
    """Return what ``holds`` gives once it is true; TimeoutError else.

    It is asked more seldom where more time is given: each question costs a real cloud what it has to work with.
    """
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        time.sleep(max(0.05, min(0.4, seconds / 3000)))
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


def _all_enrolled(system: Api, classes: dict[str, str], patience: float) -> dict[str, str]:
    """Ids of fake nodes by name, all made at once."""

    def enrol(name: str) -> str:
        return enrolled(system, name, patience, resource_class=classes[name])

    with ThreadPoolExecutor(len(classes)) as pool:
        return dict(zip(classes, pool.map(enrol, classes), strict=True))


def enrolled(system: Api, name: str, patience: float, **fields: Any) -> str:
    """A node that is available and off, a fake one unless ``fields`` say otherwise; its id."""
    found = system.get("baremetal", f"/v1/nodes/{name}", version=IRONIC)
    if found.status == 404:
        body = {"name": name, "driver": "fake-hardware", **fields}
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


def scrapped(system: Api, name: str) -> None:
    """Have Ironic forget a node, as soon as it is at rest."""
    found = system.get("baremetal", f"/v1/nodes/{name}", version=IRONIC)
    if found.status == 404:
        return
    until(lambda: _settled(node_of(system, name)), 120, f"{name} is at rest")
    system.delete("baremetal", f"/v1/nodes/{name}/maintenance", version=IRONIC)
    if node_of(system, name)["provision_state"] in ("available", "active", "deploy failed", "error"):
        until(lambda: system.delete("baremetal", f"/v1/nodes/{name}", version=IRONIC).status != 409, 60, f"{name} gone")


def _settled(node: Any) -> bool:
    return node["reservation"] is None and node["instance_uuid"] is None


def flavored(admin: Api, name: str, custom_class: str, count: int) -> str:
    """A flavor that asks for so many nodes of a class; its id."""
    without_flavor(admin, name)
    body = {"flavor": {"name": name, "ram": 1024, "vcpus": 1, "disk": 10}}
    flavor = admin.post("compute", "/flavors", body).of(200)["flavor"]
    specs = {f"resources:{custom_class}": str(count)} | dict.fromkeys(
        ("resources:VCPU", "resources:MEMORY_MB", "resources:DISK_GB"), "0"
    )
    admin.post("compute", f"/flavors/{flavor['id']}/os-extra_specs", {"extra_specs": specs}).of(200)
    return str(flavor["id"])


def without_flavor(admin: Api, name: str) -> None:
    """Remove the flavor of that name, if there is one."""
    for flavor in admin.get("compute", "/flavors").of(200)["flavors"]:
        if flavor["name"] == name:
            admin.delete("compute", f"/flavors/{flavor['id']}")


def schedulable(admin: Api, node_id: str, custom_class: str) -> bool:
    """Tell whether Placement would give the node away."""
    path = f"/allocation_candidates?resources={custom_class}:1"
    found = admin.get("placement", path, version="1.36")
    return bool(found.status == 200 and node_id in found.body["provider_summaries"])
