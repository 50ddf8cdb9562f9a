"""A cluster from one HOT that others wrote, which makes all machines at once: built, told, exported, deleted."""

from pathlib import Path

import pytest
import yaml

from services.cluster.tests.test_export import exported
from services.cluster.tests.world import Person, World

pytestmark = pytest.mark.asyncio(loop_scope="session")
_SINGLE = (Path(__file__).parents[2] / "blueprint/tests/single.yaml").read_text()
_PUBLISHER = ["blueprint.read", "blueprint.publish"]


async def publish(world: World, person: Person, name: str, text: str = _SINGLE) -> None:
    headers = world.authority.pass_for(person.id, "blueprint", projects=dict.fromkeys(person.projects, _PUBLISHER))
    body = {"project": person.projects[0], "files": {f"{name}.yaml": text}}
    headers = {**headers, "Idempotency-Key": name}
    answer = await world.running["blueprint"].client.post("/v1/blueprints", json=body, headers=headers)
    assert answer.status_code == 201, answer.text


async def test_a_single_template_is_planned_built_told_and_deleted(world: World) -> None:
    alice = await world.person()
    await publish(world, alice, "single")
    cluster = await world.built(alice, "one", blueprint="single", parameters={"motto": "We build", "nodecount": 3})
    hosts = {host["name"]: host for host in cluster["hosts"]}
    assert list(hosts) == ["one-web-server", "one-workers-1", "one-workers-2", "one-workers-3"]
    assert all(host["state"] == "ready" and host["address"] and host["server_id"] for host in hosts.values())
    outputs = cluster["outputs"]
    web = hosts["one-web-server"]["address"]
    assert outputs["ssh"]["hosts"] == [{"name": "one-web-server", "address": web}]
    assert outputs["url"]["value"] == f"http://{web}/" and outputs["url"]["summary"] == "Where it answers."
    assert outputs["first-worker"]["value"] == "one-workers-1"
    assert outputs["servers"]["value"] == [hosts[name]["address"] for name in hosts if "workers" in name]
    plan = await world.show(alice, f"plans/{cluster['plan_id']}")
    assert plan["whole"] and [role["batches"] for role in plan["roles"]] == [[role["hosts"]] for role in plan["roles"]]
    files = await exported(world, alice, cluster["id"])
    given = yaml.safe_load(files["hot/whole.env.yaml"])["parameters"]
    assert given["motto"] == "We build" and given["hosts"]["web-server"] == ["one-web-server"]
    assert "batches=(whole)" in files["cluster.sh"] and "hot/workers-machine.yaml" in files
    await world.deleted(alice, cluster["id"])
    assert (await world.show(alice, f"clusters/{cluster['id']}"))["state"] == "deleted"


async def test_more_machines_than_one_batch_has_are_refused(world: World) -> None:
    alice = await world.person()
    await publish(world, alice, "large", _SINGLE.replace("max: 8", "max: 80"))
    answer = await world.create(alice, "large", blueprint="large", parameters={"motto": "x", "nodecount": 32})
    assert answer.status_code == 422 and "at most 32 machines, not 33" in answer.text
    wrong = await world.create(alice, "large", blueprint="large", parameters={"motto": "1", "nodecount": 90})
    pointers = {error["pointer"] for error in wrong.json()["errors"]}
    assert pointers == {"/parameters/motto", "/parameters/nodecount"}
