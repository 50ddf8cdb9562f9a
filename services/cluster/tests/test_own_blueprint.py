"""A project's own blueprint from end to end: uploaded, planned, built on the emulated cloud, exported, deleted."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.blueprint.tests.folders import blueprint_texts, element_texts, packed, texts_below
from services.cluster.tests.test_export import _Data, exported
from services.cluster.tests.world import CHECK, PARAMETERS, Person, World

pytestmark = pytest.mark.asyncio(loop_scope="session")
_PUBLISHER = ["blueprint.read", "blueprint.publish"]
_CHECKS = Path(__file__).parents[3] / "blueprints/mpi/checks"


async def publish(world: World, person: Person, kind: str, texts: dict[str, str]) -> None:
    headers = world.authority.pass_for(person.id, "blueprint", projects=dict.fromkeys(person.projects, _PUBLISHER))
    answer = await world.running["blueprint"].client.post(
        f"/v1/{kind}s/archive",
        params={"project": person.projects[0]},
        content=packed(texts),
        headers={**headers, "Idempotency-Key": "k"},
    )
    assert answer.status_code == 201, answer.text


async def share(world: World, person: Person, path: str) -> None:
    headers = world.authority.pass_for(person.id, "blueprint", projects=dict.fromkeys(person.projects, _PUBLISHER))
    body = {"project": person.projects[0], "shared": True}
    answer = await world.running["blueprint"].client.put(f"/v1/{path}/sharing", json=body, headers=headers)
    assert answer.status_code == 200, answer.text


def _without_request(answer: Any) -> str:
    return json.dumps({key: value for key, value in answer.json().items() if key != "request_id"})


def checked_texts(name: str, element: str) -> dict[str, str]:
    """Return a blueprint with an own element and a check."""
    texts = blueprint_texts(name, element=element)
    texts["blueprint.yaml"] = texts["blueprint.yaml"].replace("checks: []", f"checks: [{CHECK}]")
    return texts | {f"checks/{path}": text for path, text in texts_below(_CHECKS).items()}


async def test_an_own_blueprint_is_planned_built_exported_and_deleted(world: World) -> None:
    alice, bob = await world.person(), await world.person()
    await publish(world, alice, "element", element_texts("greeting"))
    await publish(world, alice, "blueprint", checked_texts("mine", "greeting"))
    cluster = await world.built(alice, "owned", blueprint="mine")
    plan = await world.show(alice, f"plans/{cluster['plan_id']}")
    assert plan["blueprint_owner"] == alice.projects[0]
    assert {one["name"]: one["owner"] for one in plan["elements"]}["greeting"] == alice.projects[0]
    (applied,) = world.hosts.started(cluster["id"])
    assert {one.name: one.owner for one in applied.elements} == {
        "greeting": alice.projects[0],
        "host-names": None,
        "users": None,
    }
    (verified,) = world.hosts.started(cluster["id"], "verify")
    assert [check.owner for check in verified.checks] == [alice.projects[0]]
    files = await exported(world, alice, cluster["id"])
    plays: list[Any] = yaml.load(files["ansible/site.yml"], _Data)
    assert plays[0]["import_playbook"] == "elements/greeting/apply.yaml"
    assert files["ansible/elements/greeting/apply.yaml"] == element_texts("greeting")["apply.yaml"]
    assert "ansible/blueprint/checks/mpi-everywhere.yaml" in files
    await world.deleted(alice, cluster["id"])
    refused = await world.create(bob, "theirs", blueprint="mine")
    unknown = await world.create(bob, "theirs", blueprint="none")
    assert refused.status_code == unknown.status_code == 422
    assert _without_request(refused) == _without_request(unknown).replace("none", "mine")


async def test_a_shared_blueprint_is_built_by_another_project_of_the_organisation(world: World) -> None:
    alice, bob = await world.person(), await world.person()
    await publish(world, alice, "element", element_texts("shared-greeting"))
    await publish(world, alice, "blueprint", blueprint_texts("ours", element="shared-greeting"))
    assert (await world.create(bob, "early", blueprint="ours")).status_code == 422
    await share(world, alice, "elements/shared-greeting")
    await share(world, alice, "blueprints/ours")
    cluster = await world.built(bob, "borrowed", blueprint="ours")
    plan = await world.show(bob, f"plans/{cluster['plan_id']}")
    assert plan["blueprint_owner"] == alice.projects[0] and plan["project_id"] == bob.projects[0]
    files = await exported(world, bob, cluster["id"])
    assert "ansible/elements/shared-greeting/apply.yaml" in files
    await world.deleted(bob, cluster["id"])


async def test_parameters_that_would_cost_too_much_are_refused(world: World) -> None:
    """The blueprint puts no end to its machines, and repeats what it is given."""
    alice = await world.person()
    texts = blueprint_texts("endless")
    document = texts["blueprint.yaml"].replace("      maximum: 8\n", "").replace("max_count: 8", "max_count: null")
    texts["blueprint.yaml"] = document
    await publish(world, alice, "blueprint", texts)
    many = await world.create(alice, "endless", blueprint="endless", parameters={**PARAMETERS, "compute_count": 10**12})
    assert many.status_code == 422 and "more than 10000 machines" in many.text
    users = [{"name": "alice", "ssh_keys": ["k"] * 100_000}]
    large = await world.create(alice, "endless", blueprint="endless", parameters={"users": users})
    assert large.status_code == 422 and "can be checked" in large.text
